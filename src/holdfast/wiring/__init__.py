"""The only place that knows all the others: it puts an engine, a demo or a kill switch together and runs it.

Callers import the function of the one module they need (`wiring.run.run_engine`), so that `holdfast run` loads nothing
of a demo and signs its first read within two seconds.
"""
