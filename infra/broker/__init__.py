"""RabbitMQ or Redis: queues, the Celery app, doorbells, and consumers that take batches."""
