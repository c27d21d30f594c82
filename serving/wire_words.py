"""What the fields of requests and answers mean, in a sentence each, for the specifications.

A name means the same wherever it stands; where it does not, `Schema.field` has the sentence.
"""

WORDS = {
    # requests
    "lead_id": "Your own id of the lead.",
    "created_at": "When the lead was created, with its offset.",
    "account_id": "Your own id of the company that the lead belongs to.",
    "attributes": (
        "What is known of the lead, by the names that training saw: a text, a number, true, false or null; "
        "{value, known_at} for a value that became known later; a list of these for one that changed."
    ),
    "interactions": "What happened between the lead and you. Those at or after as_of are left out, with a warning.",
    "account_interactions": "Those of the account's other leads. Absent: not known. An empty list: there were none.",
    "outcomes": "The stages that the lead has reached so far.",
    "interaction_id": "Your own id of the interaction. Without one, two with the same content count as one.",
    "occurred_at": "When it happened, with its offset.",
    "received_at": "When you learnt of it, where that was later.",
    "kind": "What happened, by the word that training saw, such as session:pricing_page or reply.",
    "channel": "By which channel, such as email.",
    "direction": "inbound: from the lead to you. outbound: from you to the lead.",
    "value": "A number that goes with it, such as seconds on a page.",
    "reached_at": "When the stage was reached, with its offset.",
    "amount": "The deal's amount.",
    "as_of": "The moment that the scores speak of; only what happened before it counts. Absent: the request's moment.",
    "reasons": "How many reasons to give, for the model and for the rules each.",
    "leads": "The leads to score.",
    "Outcome.stage": "The stage that was reached.",
    # answers
    "request_id": "The request's own id; the service's log has it too.",
    "model_version": "Which model answered.",
    "rulebook_version": "Which rulebook gave the points.",
    "PredictResponse.as_of": "The moment that the scores speak of.",
    "PredictOneResponse.as_of": "The moment that the scores speak of.",
    "PredictResponse.leads": "A row for each lead, in the order of the request.",
    "Answer.lead_id": "Your own id of the lead, where it could be read.",
    "PredictOneResponse.lead_id": "Your own id of the lead.",
    "status": "scored, or failed: then error_code and error_message say why, and the other fields are empty.",
    "error_code": "Why this lead could not be scored.",
    "error_message": "Where the mistake lies, and what to do.",
    "probability_sql": "Probability of becoming sales-qualified in time; empty from that stage on.",
    "probability_customer": "Probability of becoming a customer in time; empty for customers and lost leads.",
    "score": "0 to 100: the share of leads of a recent day with a lower probability_customer.",
    "grade": "A to D, by score.",
    "rule_points": "The rulebook's points.",
    "rule_grade": "The rulebook's grade, such as B2: fit A to D, engagement 1 to 4.",
    "rule_stage": "The stage that the points amount to: lead, mql or sql.",
    "stage": "The stage on record.",
    "agreement": "Which of model and rules hold the lead for one to call: both_high, model_only, rules_only, both_low.",
    "next_action": "What to do: hand_to_sales, nurture, engage, suppress or none.",
    "follow_up_by": "Until when somebody should have spoken to the lead; empty where nothing is due.",
    "Answer.reasons": "What goes with a higher or lower probability, strongest first.",
    "PredictOneResponse.reasons": "What goes with a higher or lower probability, strongest first.",
    "rule_reasons": "What each rule gives or takes, strongest first.",
    "valid_until": "Score again by then, or as soon as something happens.",
    "warnings": "What to know about this row, such as kinds that training never saw.",
    "code": "A word that stays the same between versions.",
    "text": "The reason in words.",
    "effect": "How much it raises (above 0) or lowers: log-odds for the model, points for the rules.",
    # errors
    "message": "What is wrong and what to do, in words; never what was sent.",
    "field": "Where it is wrong, such as leads[3].created_at; empty where the whole request is meant.",
}

OPERATIONS = {
    "predict": (
        "Scores up to 200 leads at once. A lead that cannot be scored has status failed in its own row; "
        "the others are scored. Unknown keys are refused, unknown attributes and kinds are named in warnings."
    ),
    "predictOne": (
        "Scores one lead. The lead's fields stand beside as_of and reasons, and the answer is flat too. "
        "A lead that cannot be scored is answered with 400."
    ),
}

STATUSES = {
    200: "Answered.",
    400: "The request must be changed before it is sent again.",
    401: "There is no API key in the request, or one that is not valid.",
    403: "The API key has not the permission that this operation needs.",
    413: "The body is too long; send fewer leads at a time.",
    415: "The body is not application/json.",
    429: "Too many requests with this API key; send it again after Retry-After seconds.",
    500: "A mistake of the service; its log says more under the request's id.",
    503: "The service cannot answer now; send it again after Retry-After seconds.",
    504: "It took too long; send fewer leads at a time.",
}
