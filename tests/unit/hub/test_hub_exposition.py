from presets_store.hub.metrics.exposition import Counter, Gauge, Histogram, exposed


def test_counters() -> None:
    counter = Counter("asked_total", "Questions.", ("route", "status"))
    counter.add("/v1/a", "200")
    counter.add("/v1/a", "200", by=1.5)
    counter.add('say "\\\n"', "404")
    assert exposed([counter, Counter("nothing_total", "Nothing.")]).splitlines() == [
        "# HELP asked_total Questions.",
        "# TYPE asked_total counter",
        'asked_total{route="/v1/a",status="200"} 2.5',
        r'asked_total{route="say \"\\\n\"",status="404"} 1',
        "# HELP nothing_total Nothing.",
        "# TYPE nothing_total counter",
        "nothing_total 0",
    ]


def test_histograms_count_up_to_and_including_each_bound() -> None:
    histogram = Histogram("seconds", "Time.", (0.1, 1.0), ("route",))
    for value in (0.1, 0.5, 7.0):
        histogram.observe(value, "/v1/a")
    assert exposed([histogram]).splitlines()[2:] == [
        'seconds_bucket{route="/v1/a",le="0.1"} 1',
        'seconds_bucket{route="/v1/a",le="1"} 2',
        'seconds_bucket{route="/v1/a",le="+Inf"} 3',
        'seconds_sum{route="/v1/a"} 7.6',
        'seconds_count{route="/v1/a"} 3',
    ]


def test_gauges() -> None:
    assert exposed([Gauge("age_seconds", "Age.", 0.25)]).endswith("# TYPE age_seconds gauge\nage_seconds 0.25\n")
