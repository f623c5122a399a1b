"""Starts MiniStack with checks of policies and with the condition keys that it does not know.

The environment variable AUTH lets MiniStack check policies. It has no TLS here, so this program
says that every request came over TLS.
"""

import json
import re

from ministack import app
from ministack.core import iam_actions

pin_request_origin = app.pin_request_origin
extract_resource_arn = iam_actions.extract_resource_arn
s3_service_context = iam_actions.s3_service_context
dynamodb_service_context = iam_actions.dynamodb_service_context

partition = re.compile(r"\S+ = (:\w+)")


def s3_context(action, query, path="", headers=None):
    context = s3_service_context(action, query, path, headers)
    if action != "s3:PutObject":
        return context
    if condition := (headers or {}).get("if-none-match"):
        context["s3:if-none-match"] = condition
    creates = "uploads" not in query and "partNumber" not in query
    return {**context, "s3:ObjectCreationOperation": str(creates).lower()}


def dynamodb_context(body):
    keys = leading_keys(json.loads(body or b"{}"))
    return {**dynamodb_service_context(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}


def leading_keys(request):
    """The partition of every row that a request names."""
    if "KeyConditionExpression" in request:
        name = partition.match(request["KeyConditionExpression"])[1]
        return [request["ExpressionAttributeValues"][name]["S"]]
    if isinstance(request, list):
        return [key for each in request for key in leading_keys(each)]
    if not isinstance(request, dict):
        return []
    row = request.get("Key") or request.get("Item")
    if row:
        return [row["provider"]["S"]]
    # `Keys` of a batch are keys themselves.
    if "Keys" in request:
        return [key["provider"]["S"] for key in request["Keys"]]
    return [key for each in request.values() for key in leading_keys(each)]


def resource_arn(service, *request):
    arn = extract_resource_arn(service, *request)
    # MiniStack writes a secret's name into the policies of a stack, where AWS writes the ARN.
    return arn.split(":secret:")[-1][:-7] if service == "secretsmanager" else arn


app.pin_request_origin = lambda address, _is_tls: pin_request_origin(address, True)
iam_actions.extract_resource_arn = resource_arn
iam_actions.s3_service_context = s3_context
iam_actions.dynamodb_service_context = dynamodb_context
app.main()
