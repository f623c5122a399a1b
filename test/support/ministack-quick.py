"""Starts MiniStack with quicker queries of DynamoDB: it reads the key condition anew for each row of a partition, so that what thousands of media
ask takes half an hour. Here a range of sort keys is compared at once; every other condition is left to MiniStack, and so are all checks of a query."""

import re
from functools import lru_cache

from ministack.app import main
from ministack.services import dynamodb

evaluate = dynamodb._evaluate_condition
between = re.compile(r"(\S+) = (:\w+) AND (\S+) BETWEEN (:\w+) AND (:\w+)")
beginning = re.compile(r"(\S+) = (:\w+) AND begins_with\((\S+), (:\w+)\)")


@lru_cache
def range_in(expression):
    found = between.fullmatch(expression) or beginning.fullmatch(expression)
    return found and found.groups()


def evaluate_quickly(expression, item, values, names, slot="ConditionExpression"):
    found = range_in(expression) if slot == "KeyConditionExpression" else None
    if not found:
        return evaluate(expression, item, values, names, slot=slot)
    partition, wanted, sort, *bounds = found
    key = item[names.get(sort, sort)]["S"]
    first, last = values[bounds[0]]["S"], values[bounds[-1]]["S"]
    is_within = first <= key <= last if len(bounds) == 2 else key.startswith(first)
    return is_within and item[names.get(partition, partition)] == values[wanted]


dynamodb._evaluate_condition = evaluate_quickly
main()
