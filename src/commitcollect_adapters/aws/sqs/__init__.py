"""A queue on Amazon SQS, for stores on DynamoDB. Needs the extra ``commitcollect[aws]``."""

from commitcollect_adapters.aws.sqs.queue import SqsQueue, open_sqs

__all__ = ["SqsQueue", "open_sqs"]
