"""Work for the `batch` queue: ids in, one function called."""

from __future__ import annotations

import django_rq

from compliance import opt_out_files, register_reading, register_settling


def enqueue_reading(import_id: int) -> None:
    """Let a worker read a register's file; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(read_register, import_id)


def enqueue_settling(import_id: int) -> None:
    """Let a worker reach the calls under way; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(settle_register, import_id)


def enqueue_opt_outs(file_id: int) -> None:
    """Let a worker carry out a file of refusals; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(carry_out_opt_outs, file_id)


def read_register(import_id: int) -> None:
    """Read a register's file."""
    register_reading.read(import_id)


def settle_register(import_id: int) -> None:
    """End the calls under way that a list now in force forbids."""
    register_settling.settle(import_id)


def carry_out_opt_outs(file_id: int) -> None:
    """Write down the refusals of a file."""
    opt_out_files.run(file_id)
