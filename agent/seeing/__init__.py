"""What the cameras of this device are watched for, and what becomes of what is seen."""
