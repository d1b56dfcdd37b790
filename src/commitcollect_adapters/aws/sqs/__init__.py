"""A queue on Amazon SQS, for stores on DynamoDB. Needs the extra ``commitcollect[aws]``."""
