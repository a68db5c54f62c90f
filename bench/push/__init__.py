"""How fast one worker pushes, beside its bare HTTP client and the queues that people would reach for."""
