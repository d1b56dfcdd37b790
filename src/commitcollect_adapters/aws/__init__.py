"""What runs on AWS apart from DynamoDB. Needs the extra ``commitcollect[aws]``."""
