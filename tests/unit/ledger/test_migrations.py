"""Migrations are applied by number: each number once."""

from importlib.resources import files


def test_migrations_are_numbered_without_a_gap_or_a_double() -> None:
    folder = files("ledger").joinpath("sql")
    numbers = sorted(int(file.name[:4]) for file in folder.iterdir() if file.name.endswith(".sql"))
    assert numbers == list(range(1, len(numbers) + 1))
