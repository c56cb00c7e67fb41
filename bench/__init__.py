"""Measures the product beside a naive build, other products and the machine's limits; `manage.py bench` runs it.

client.py puts load on a server, systems.py starts what is measured, naive/ is the yardstick, inside/ are the programs
that run within the product's own Django. Each file named for a case makes samples; report.py writes them down.
"""
