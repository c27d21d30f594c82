"""What the fields of requests and answers mean, in a sentence each, for the specifications.

A name means the same wherever it stands; where it does not, `Schema.field` has the sentence.
"""

WORDS = {
    # requests
    "lead_id": "Your own id of the lead.",
    "created_at": (
        "When the lead was created, with its offset. It may be left out where the service has a history store that "
        "knows the lead: what is told of the lead here is then added to what the store knows."
    ),
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
    # what comes in to be kept
    "InteractionsRequest.interactions": "What happened, in any order. Rows may come again: each is kept once.",
    "OutcomesRequest.outcomes": "The stages that leads have reached. Rows may come again: each is kept once.",
    "LeadsRequest.leads": "Leads and what is known of them. Rows may come again: each is kept once.",
    "IncomingInteraction.interaction_id": (
        "Your own id of the interaction, by which it is kept once. Without one, two of a lead with the same content "
        "count as one."
    ),
    "IncomingInteraction.received_at": "When it became known. Absent: as it comes in.",
    "IncomingOutcome.stage": "The stage that was reached.",
    "IncomingLead.attributes": (
        "What is known of the lead: a text, a number, true, false or null; {value, known_at} for a value that became "
        "known later. A value without known_at that is new for a lead that is known already is known as it comes in."
    ),
    "watermark": "The number under which the store has the rows.",
    "added": "How many rows are new.",
    "duplicates": "How many rows were there already.",
    "refused": "How many rows were refused. They are in quarantine.",
    "ignored": "How many rows mean nothing here.",
    "rows": "What became of each row, in the order of the request.",
    "Verdict.lead_id": "The lead's id, where it could be read.",
    "Verdict.interaction_id": "The interaction's id; the one that it was given, where it came without.",
    "Verdict.status": "What became of the row. Whatever is added or a duplicate need not be sent again.",
    "reason": "Why the row was refused or ignored, in words; never what was sent.",
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
    # explanations
    "answer": "The row that predictOne gives.",
    "probabilities": "What each probability is made of, where it is not empty.",
    "ledger": "What the points are made of.",
    "ExplainResponse.features": "The feature row, in the catalogue's order.",
    "ExplainResponse.as_of": "The moment that the scores speak of.",
    "target": "What the probability is of: sql or customer.",
    "horizon_days": "Within how many days.",
    "probability": "The probability, as in the answer.",
    "log_odds": "ln(p / (1 - p)) of the probability p.",
    "bias": "The log-odds of a lead of which every feature is as usual.",
    "Breakdown.points": "What the rulebook's points add, in a model that goes by them; else 0.",
    "cap": "What cutting a probability that would be too high takes away; else 0.",
    "contributions": "What each feature adds, strongest first. With bias, points and cap they add up to log_odds.",
    "feature": "The feature's name.",
    "Contribution.code": "The reason that the feature is a part of.",
    "engagement": "Points for what the lead did, after all limits.",
    "fit": "Points for what the lead is, after all limits.",
    "qualification": "Points for budget, authority, need and timeline.",
    "mql_since": "Since when the points have amounted to mql; empty where they do not.",
    "sql_since": "Since when the points have amounted to sql; empty where they do not.",
    "entries": "The ledger, entry by entry. What they count adds up to rule_points.",
    "rule": "The rule's name in the rulebook.",
    "group": "What the rule is about: engagement, fit or qualification; floor: the sum never falls below 0.",
    "Entry.interaction_id": "Your own id of the interaction; empty where an attribute gave the points.",
    "at": "When the points were earned.",
    "points": "What the rule gives.",
    "decayed": "What decay has left of it.",
    "cut_by_rule_limit": "What the rule's own limit cut off.",
    "cut_by_group_limit": "What the limit of its group cut off.",
    "counted": "What counts in the end.",
    "name": "Its name.",
    "Feature.value": "The number; empty: not known.",
    "Feature.text": "What the number stands for, where it is the code of a category.",
    "unit": "The number's unit.",
    "meaning": "What the feature is, in words.",
    # people
    "into_lead": "Your own id of the lead that goes on.",
    "MergeRequest.known_at": "Since when it is known that the two are one; empty: since now.",
    "suppressed": "false: the lead no longer objects.",
    "changed": "false: that was known already.",
    "ObjectionResponse.known": "false: no such lead is known yet; what was said holds when one comes.",
    # why scores changed
    "from_time": "The earlier moment: the newest answer at it is compared.",
    "to_time": "The later moment; absent: now.",
    "WhyRequest.reasons": "How many rules, or reasons, to give within each cause.",
    "before": "The number at the earlier moment.",
    "after": "The number at the later moment.",
    "answered_at": "When the answer was given; empty: none was, it is what would have been answered.",
    "Side.as_of": "The moment that the answer speaks of.",
    "Side.text": "Whether the answer was given, in words.",
    "causes": "What is known to have changed, by cause.",
    "cause": (
        "interactions, attributes, stages, account: what became known; ageing: time alone; rulebook, model, "
        "calibration: what answers."
    ),
    "facts": "What changed, in words.",
    "WhyResponse.points": "The change of the rulebook's points.",
    "WhyResponse.probabilities": "The change of each probability that both answers give.",
    "parts": "A part for each cause; their effects lead from before to after, exactly.",
    "PointPart.text": "The part in words.",
    "PointPart.effect": "What the cause changed the points by.",
    "ProbabilityPart.text": "The part in words, with numbers that add up as they are printed.",
    "ProbabilityPart.effect": "What the cause changed the probability by.",
    "log_odds_effect": "What the cause changed the log-odds by.",
    "moved": "What moved most within the cause, strongest first.",
    "rest": "What the others moved; with those in moved it adds up to the part.",
    "MovedRule.interactions": "The interactions that moved the rule most.",
    "MovedInteraction.interaction_id": "Your own id of the interaction.",
    "MovedInteraction.kind": "What happened.",
    "MovedInteraction.occurred_at": "When it happened.",
    "horizon_days_before": "Within how many days, at the earlier moment.",
    "horizon_days_after": "Within how many days, at the later moment.",
    "log_odds_before": "ln(p / (1 - p)) of the probability p at the earlier moment.",
    "log_odds_after": "ln(p / (1 - p)) of the probability p at the later moment.",
    "unasked": "Probabilities that one of the answers does not give, and why.",
    "Unasked.text": "Why there is nothing to compare.",
    # the model
    "rulebook_name": "The rulebook's name.",
    "learnt_rulebook_version": "The rulebook that the model learnt from; empty where it learnt from none.",
    "catalogue_version": "Which list of features the model goes by.",
    "features": "How many features the model goes by.",
    "timezone": "The time zone of features that go by the calendar.",
    "trained_until": "What happened after this moment was not learnt from.",
    "ModelResponse.created_at": "When the model was made.",
    "ModelResponse.source": "Which export it learnt from.",
    "ModelResponse.leads": "How many leads it learnt from.",
    "snapshots": "How many leads at moments it learnt from; one lead counts at several.",
    "targets": "What it gives probabilities of.",
    "step": "How the model is built: points, blend, model or chain.",
    "members": "What the model is made of; their log-odds are averaged by weight.",
    "part": "Which of a chain's two models the member belongs to; empty where there is no chain.",
    "Member.kind": "What the member is: booster (trees), ridge or points.",
    "weight": "How much the member counts.",
    "trees": "How many trees it has; empty where it has none.",
    "converted_leads": "How many leads that reached the stage it learnt from.",
    "test": "How it did on leads that it had not seen.",
    "Figure.value": "The figure; empty where the test did not define it.",
    "low": "Lower end of its 95% interval.",
    "high": "Upper end of its 95% interval.",
    "grades": "From which scores on grades A, B and C are given.",
    "high_probability": "From which probability_customer on the model holds a lead for one to call.",
    "reference_leads": "How many leads of a recent day a score is held against.",
    "limits": "What the model must not be trusted with, in words.",
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
    "explain": (
        "Takes what predictOne takes, and gives beside its answer all contributions to both probabilities, "
        "the ledger behind the points and the feature row."
    ),
    "why": (
        "Holds two answers for a lead of the history store against each other, and splits the change of the points and "
        "of each probability into causes, whose parts add up to it exactly."
    ),
    "model": "Says which model and rulebook answer, what they were made from until when, and how well they did.",
    "mergeLeads": (
        "lead_id ends: from known_at on what it did belongs to into_lead. It cannot be taken back. The same merge again "
        "changes nothing."
    ),
    "suppressLead": (
        "Honours an objection for the person: the lead, and every lead merged with it, is not scored, not learnt from, "
        "not called, and no webhook tells of it. A lead that is not known yet may object."
    ),
    "ingestInteractions": (
        "Keeps what leads did. What is answered as added or duplicate is durable; a request without an answer may be "
        "sent again as it was. A row that cannot be kept is refused in its own verdict. Segment track and identify "
        "calls and CloudEvents may stand in place of rows."
    ),
    "ingestOutcomes": "Keeps the stages that leads have reached, row by row as ingestInteractions does.",
    "ingestLeads": "Keeps leads and their attributes, row by row as ingestInteractions does.",
}

STATUSES = {
    200: "Answered.",
    400: "The request must be changed before it is sent again.",
    401: "There is no API key in the request, or one that is not valid.",
    403: "The API key has not the permission that this operation needs.",
    404: "The service has no history store, which this needs.",
    413: "The body is too long; send fewer leads at a time.",
    415: "The body is not application/json.",
    429: "Too many requests with this API key; send it again after Retry-After seconds.",
    500: "A mistake of the service; its log says more under the request's id.",
    503: "The service cannot answer now; send it again after Retry-After seconds.",
    504: "It took too long; send fewer leads at a time.",
}
