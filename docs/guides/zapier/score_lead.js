// Code by Zapier, "Run JavaScript". Input Data: key, lead_id, created_at, industry, employees, and the three below.
// occurred_at, kind: what has just happened, as in "2026-03-01T09:00:00Z" and "form:demo_request".
const SERVICE = 'https://lead-scoring.example.com';

const lead = {
  lead_id: inputData.lead_id,
  created_at: new Date(inputData.created_at).toISOString(),
  attributes: {},
  interactions: [],
};
if (inputData.industry) {
  lead.attributes.industry = inputData.industry;
}
if (inputData.employees) {
  lead.attributes.employees = Number(inputData.employees); // Zapier hands everything over as a text
  if (Number.isNaN(lead.attributes.employees)) {
    throw new Error('employees is not a number'); // JSON would make it "not known", and nobody would notice
  }
}
if (inputData.occurred_at && inputData.kind) {
  const occurred_at = new Date(inputData.occurred_at).toISOString();
  lead.interactions.push({ occurred_at, kind: inputData.kind, direction: 'inbound' });
}

const response = await fetch(`${SERVICE}/v1/predict_one`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${inputData.key}` },
  body: JSON.stringify(lead),
});
const answer = await response.json();
if (!response.ok) {
  const { code, message, field } = answer.error;
  throw new Error(`Lead scoring answered ${response.status} ${code}: ${field || 'request'} ${message}`);
}
return {
  score: answer.score,
  grade: answer.grade,
  probability_sql: answer.probability_sql,
  probability_customer: answer.probability_customer,
  rule_points: answer.rule_points,
  next_action: answer.next_action,
  follow_up_by: answer.follow_up_by,
  score_again_by: answer.valid_until,
  reasons: answer.reasons.map((one) => one.text).join('; '),
  model_version: answer.model_version,
};
