"""The exception tree of the streams.

::

    StreamsError
    ├── Reject                the input is at fault: answer 4xx or dead letter, the line goes on
    │   ├── InboundError      a record that intake cannot build or posting cannot read
    │   └── BodyTooLarge      more bytes than an inbound record may carry
    ├── Retry                 the world is at fault: try again later, nothing was acknowledged
    │   ├── IntakeUnavailable Kafka did not acknowledge in time: answer 503, the sender sends again
    │   ├── AnswersMissing    no answer to commands came in time: send them again
    │   ├── PublishFailed     Kafka did not acknowledge what was published: resume from the store
    │   └── PublisherSuperseded   another publisher sends this stream: start anew and stand by
    └── Stop                  somebody has to look before the process goes on
        ├── KafkaSettingsError    settings that contradict themselves
        ├── TopicMismatch         a topic exists in another shape than the settings say
        └── OffsetGone            Kafka no longer has the record that comes next: it is never skipped

The class tells a caller what to do: reject, retry or stop.
"""


class StreamsError(Exception):
    """Any failure of the streams that has a name."""


class Reject(StreamsError):
    """The input is at fault; sending it again changes nothing.

    Attributes:
        code: stable reason code, for example ``body_too_large``; dead letters and problem answers carry it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class InboundError(Reject):
    """An inbound record that cannot be built or read."""


class BodyTooLarge(Reject):
    """More bytes than an inbound record may carry."""


class Retry(StreamsError):
    """The world is at fault; nothing was acknowledged, the same call may succeed later."""


class IntakeUnavailable(Retry):
    """Kafka did not acknowledge in time. The record may still arrive; sent again it is told twice and posted once."""


class AnswersMissing(Retry):
    """Commands were acknowledged by Kafka and not answered in time; they are decided when somebody posts."""


class PublishFailed(Retry):
    """Kafka did not acknowledge what was published; the stored position did not move, so it is sent again."""


class PublisherSuperseded(Retry):
    """Another publisher moved this stream; what this one has in memory is stale."""


class Stop(StreamsError):
    """Going on would do damage; somebody has to look."""


class KafkaSettingsError(Stop):
    """Kafka settings that contradict themselves."""


class TopicMismatch(Stop):
    """A topic exists in another shape than the settings say."""


class PublishedAhead(Stop):
    """More was published than the store holds; other people have seen entries that it has not."""


class OffsetGone(Stop):
    """Kafka no longer has the record that comes next; it is never skipped."""
