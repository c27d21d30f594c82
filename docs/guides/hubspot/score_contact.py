# HubSpot workflow, "Custom code" action, language Python.
# Secrets: LEAD_SCORING_KEY and HUBSPOT_TOKEN. Properties to include: createdate and all that are named below.
import os
from datetime import datetime, timedelta, timezone

import requests

SERVICE = "https://lead-scoring.example.com"
HUBSPOT = "https://api.hubapi.com"

# Left: the attribute as training saw it. Right: the contact property that it comes from, and what it is.
ATTRIBUTES = {
    "industry": ("industry", "text"),
    "seniority": ("seniority", "text"),
    "source": ("hs_analytics_source", "text"),
    "employees": ("numberofemployees", "number"),
}

# HubSpot's own properties: when the contact reached a lifecycle stage.
STAGES = {
    "hs_lifecyclestage_marketingqualifiedlead_date": "mql",
    "hs_lifecyclestage_salesqualifiedlead_date": "sql",
    "hs_lifecyclestage_opportunity_date": "opportunity",
    "hs_lifecyclestage_customer_date": "customer",
}


def email(one):
    if one.get("hs_email_direction") == "INCOMING_EMAIL":
        return {"kind": "reply", "channel": "email", "direction": "inbound"}
    return {"kind": "email_sent", "channel": "email", "direction": "outbound"}


def call(one):
    direction = "inbound" if one.get("hs_call_direction") == "INBOUND" else "outbound"
    seconds = number(one.get("hs_call_duration"), 0.001)  # milliseconds to seconds
    return {"kind": "call", "channel": "phone", "direction": direction, "value": seconds}


def meeting(one):
    kind = "meeting_no_show" if one.get("hs_meeting_outcome") == "NO_SHOW" else "meeting"
    return {"kind": kind, "channel": "meeting"}


# What HubSpot has recorded of the contact, in the words (kinds) that training saw.
ACTIVITIES = {
    "emails": (["hs_timestamp", "hs_email_direction"], email),
    "calls": (["hs_timestamp", "hs_call_direction", "hs_call_duration"], call),
    "meetings": (["hs_timestamp", "hs_meeting_outcome"], meeting),
}


def main(event):
    inputs, contact = event["inputFields"], str(event["object"]["objectId"])
    lead = {
        "lead_id": contact,
        "created_at": time(inputs.get("createdate")),
        "attributes": attributes(inputs),
        "outcomes": [
            {"stage": stage, "reached_at": time(inputs[name])}
            for name, stage in STAGES.items()
            if text(inputs.get(name))
        ],
        "interactions": [one for name in ACTIVITIES for one in activities(name, contact)],
    }
    response = post(SERVICE + "/v1/predict_one", lead, os.environ["LEAD_SCORING_KEY"])
    if response.status_code == 400:
        error = response.json()["error"]
        return {
            "outputFields": {"lead_score_error": f"{error['code']}: {error['field'] or 'request'} {error['message']}"}
        }
    response.raise_for_status()  # HubSpot tries 429 and 5xx again; 401 and 403 show in the workflow's log
    return {"outputFields": outputs(response.json())}


def attributes(inputs):
    read = {"number": number, "text": text}
    found = {name: read[kind](inputs.get(source)) for name, (source, kind) in ATTRIBUTES.items()}
    return {name: value for name, value in found.items() if value is not None}


def activities(name, contact):
    properties, read = ACTIVITIES[name]
    search = {
        "filterGroups": [{"filters": [{"propertyName": "associations.contact", "operator": "EQ", "value": contact}]}],
        "sorts": [{"propertyName": "hs_timestamp", "direction": "DESCENDING"}],
        "properties": properties,
        "limit": 100,  # the newest hundred of each kind
    }
    response = post(f"{HUBSPOT}/crm/v3/objects/{name}/search", search, os.environ["HUBSPOT_TOKEN"])
    response.raise_for_status()
    return [
        {
            "interaction_id": f"hubspot:{name}:{one['id']}",
            "occurred_at": time(one["properties"]["hs_timestamp"]),
            **read(one["properties"]),
        }
        for one in response.json()["results"]
        if text(one["properties"].get("hs_timestamp"))
    ]


def post(url, body, token):
    return requests.post(url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=4)  # 20 s in all


def outputs(answer):
    return {
        "lead_score": answer["score"],
        "lead_grade": answer["grade"],
        "probability_sql": answer["probability_sql"],
        "probability_customer": answer["probability_customer"],
        "rule_points": answer["rule_points"],
        "next_action": answer["next_action"],
        "follow_up_by": milliseconds(answer["follow_up_by"]),
        "score_again_by": milliseconds(answer["valid_until"]),
        "lead_score_reasons": "; ".join(one["text"] for one in answer["reasons"]),
        "lead_score_warnings": "; ".join(answer["warnings"]),
        "lead_score_model": answer["model_version"],
        "lead_score_error": "",
    }


# HubSpot hands properties over as texts, and times as milliseconds since 1970 or as ISO 8601.
def text(value):
    return None if value is None or str(value).strip() == "" else str(value)


def number(value, unit=1):
    try:
        return float(value) * unit
    except (TypeError, ValueError):
        return None


def time(value):
    if text(value) is None or not str(value).isdigit():
        return text(value)
    return datetime.fromtimestamp(int(value) / 1000, timezone.utc).isoformat()


def milliseconds(value):
    if value is None:
        return None
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
