"""Starts MiniStack with faster queries of DynamoDB.

MiniStack parses the key condition again for each row of a partition. The queries about thousands
of media would take half an hour. This program parses a range of sort keys only once. MiniStack
still evaluates all other conditions and checks each query.
"""

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
