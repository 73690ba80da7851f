"""Streams: one supervised sink, and a link per kind of stream that it connects, feeds and connects again."""
