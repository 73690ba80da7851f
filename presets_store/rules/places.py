"""Whether the place for files fits the database."""


def place_problem(*, dialect: str, bucket: bool, folder_shared: bool) -> str:
    """What is wrong with the settings, or "". `folder_shared`: an operator vouches that all replicas see the folder.

    A PostgreSQL database may have several replicas, and each must reach every file.
    """
    if dialect == "sqlite" or bucket or folder_shared:
        return ""
    return (
        "media: with PostgreSQL every replica must reach every file: name a bucket, or set media.shared = true when "
        "media.folder is on a file system that all replicas share"
    )
