"""The stores on DynamoDB, for users who outgrow one machine. Needs the extra ``commitcollect[aws]``."""
