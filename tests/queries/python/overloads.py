from typing import overload
import typing
#      ^^^^^^ import.module path=typing


@overload
def get(key: str) -> str: ...
#   ^^^ definition.function flags=declaration


@typing.overload
def get(key: int) -> int: ...
#   ^^^ definition.function flags=declaration


def get(key):
#   ^^^ definition.function flags=none
    return key
