"""Line formats: one file each, with its own samples."""
