"""A process that stops gives back what the broker was just handing to it."""

from contextlib import suppress

from kombu import Consumer, Producer

from infra.broker.depths import depths
from infra.broker.topology import connect, declare, work_queue
from tests.harness.world import eventually

QUEUE = "fleet.test.closing"


def test_a_message_handed_out_while_the_connection_closes_is_not_lost(settings, servers) -> None:
    queue = work_queue(QUEUE, settings.broker_url)
    got = []
    with connect(settings) as sender:
        declare(sender, [queue])
        stopping = connect(settings)
        consumer = Consumer(stopping.channel(), [queue], on_message=got.append, auto_declare=False)
        with consumer, suppress(TimeoutError):  # asks the broker, which has nothing yet
            stopping.drain_events(timeout=0.05)
        Producer(sender).publish(b"request", exchange="", routing_key=QUEUE)
        stopping.release()
        assert not got
        eventually(lambda: depths(settings, [QUEUE])[QUEUE] == 1, 5, "it is there again")
        queue(sender.default_channel).delete()
