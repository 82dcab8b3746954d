"""A request on its way: who sends it, what it may cost, where it goes. REST and WS API share all of it."""
