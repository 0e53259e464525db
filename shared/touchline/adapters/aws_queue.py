"""Queues of AWS, for who was given a message of one."""

from touchline.adapters import aws_calls


def put_back(queue: str, handle: str, seconds: float) -> None:
    """Let a message be delivered again after so many seconds, in place of when the queue loses its patience.

    Args:
        queue: its ARN.
        handle: receipt of the delivery.
        seconds: until the next delivery.

    Raises:
        Unavailable: AWS does not answer.
        ConfigurationError: it refuses us.
        NotFound: there is no such queue.
    """
    client = aws_calls.client("sqs")
    with aws_calls.translated(queue):
        url = client.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
        client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=round(seconds))
