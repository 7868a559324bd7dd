"""Named bytes in a folder or in S3, behind one Protocol."""

from understudy.objects.opening import open_objects
from understudy.objects.protocol import Object, ObjectChangedError, Objects

__all__ = ["Object", "ObjectChangedError", "Objects", "open_objects"]
