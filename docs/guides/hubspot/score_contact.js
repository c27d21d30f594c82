// HubSpot workflow, "Custom code" action, language Node.js.
// Secrets: LEAD_SCORING_KEY and HUBSPOT_TOKEN. Properties to include: createdate and all that are named below.
const axios = require('axios');

const SERVICE = 'https://lead-scoring.example.com';
const HUBSPOT = 'https://api.hubapi.com';

// Left: the attribute as training saw it. Right: the contact property that it comes from.
const ATTRIBUTES = {
  industry: { property: 'industry', type: 'text' },
  seniority: { property: 'seniority', type: 'text' },
  source: { property: 'hs_analytics_source', type: 'text' },
  employees: { property: 'numberofemployees', type: 'number' },
};

// HubSpot's own properties: when the contact reached a lifecycle stage.
const STAGES = {
  hs_lifecyclestage_marketingqualifiedlead_date: 'mql',
  hs_lifecyclestage_salesqualifiedlead_date: 'sql',
  hs_lifecyclestage_opportunity_date: 'opportunity',
  hs_lifecyclestage_customer_date: 'customer',
};

// What HubSpot has recorded of the contact, in the words (kinds) that training saw.
const ACTIVITIES = {
  emails: {
    properties: ['hs_timestamp', 'hs_email_direction'],
    read: (one) =>
      one.hs_email_direction === 'INCOMING_EMAIL'
        ? { kind: 'reply', channel: 'email', direction: 'inbound' }
        : { kind: 'email_sent', channel: 'email', direction: 'outbound' },
  },
  calls: {
    properties: ['hs_timestamp', 'hs_call_direction', 'hs_call_duration'],
    read: (one) => ({
      kind: 'call',
      channel: 'phone',
      direction: one.hs_call_direction === 'INBOUND' ? 'inbound' : 'outbound',
      value: number(one.hs_call_duration, 0.001), // milliseconds to seconds
    }),
  },
  meetings: {
    properties: ['hs_timestamp', 'hs_meeting_outcome'],
    read: (one) => ({ kind: one.hs_meeting_outcome === 'NO_SHOW' ? 'meeting_no_show' : 'meeting', channel: 'meeting' }),
  },
};

exports.main = async (event, callback) => {
  const inputs = event.inputFields;
  const contact = String(event.object.objectId);
  const lead = {
    lead_id: contact,
    created_at: time(inputs.createdate),
    attributes: attributes(inputs),
    outcomes: outcomes(inputs),
    interactions: (await Promise.all(Object.keys(ACTIVITIES).map((one) => activities(one, contact)))).flat(),
  };
  let answer;
  try {
    answer = await post(`${SERVICE}/v1/predict_one`, lead, process.env.LEAD_SCORING_KEY);
  } catch (error) {
    if (!error.response || error.response.status !== 400) {
      throw error; // HubSpot tries 429 and 5xx again; 401 and 403 show in the workflow's log
    }
    const { code, message, field } = error.response.data.error;
    callback({ outputFields: { lead_score_error: `${code}: ${field || 'request'} ${message}` } });
    return;
  }
  callback({ outputFields: outputs(answer) });
};

function attributes(inputs) {
  const found = {};
  for (const [name, { property, type }] of Object.entries(ATTRIBUTES)) {
    const value = type === 'number' ? number(inputs[property]) : text(inputs[property]);
    if (value !== undefined) {
      found[name] = value;
    }
  }
  return found;
}

function outcomes(inputs) {
  return Object.entries(STAGES)
    .filter(([property]) => text(inputs[property]) !== undefined)
    .map(([property, stage]) => ({ stage, reached_at: time(inputs[property]) }));
}

async function activities(object, contact) {
  const { properties, read } = ACTIVITIES[object];
  const search = {
    filterGroups: [{ filters: [{ propertyName: 'associations.contact', operator: 'EQ', value: contact }] }],
    sorts: [{ propertyName: 'hs_timestamp', direction: 'DESCENDING' }],
    properties,
    limit: 100, // the newest hundred of each kind
  };
  const { results } = await post(`${HUBSPOT}/crm/v3/objects/${object}/search`, search, process.env.HUBSPOT_TOKEN);
  return results
    .filter((one) => text(one.properties.hs_timestamp) !== undefined)
    .map((one) => ({
      interaction_id: `hubspot:${object}:${one.id}`,
      occurred_at: time(one.properties.hs_timestamp),
      ...read(one.properties),
    }));
}

async function post(url, body, token) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return (await axios.post(url, body, { headers, timeout: 8000 })).data; // the whole action has 20 seconds
}

function outputs(answer) {
  return {
    lead_score: answer.score,
    lead_grade: answer.grade,
    probability_sql: answer.probability_sql,
    probability_customer: answer.probability_customer,
    rule_points: answer.rule_points,
    next_action: answer.next_action,
    follow_up_by: milliseconds(answer.follow_up_by),
    score_again_by: milliseconds(answer.valid_until),
    lead_score_reasons: answer.reasons.map((one) => one.text).join('; '),
    lead_score_warnings: answer.warnings.join('; '),
    lead_score_model: answer.model_version,
    lead_score_error: '',
  };
}

// HubSpot hands properties over as texts, and times as milliseconds since 1970 or as ISO 8601.
function text(value) {
  return value === undefined || value === null || String(value).trim() === '' ? undefined : String(value);
}

function number(value, unit = 1) {
  return text(value) === undefined || Number.isNaN(Number(value)) ? undefined : Number(value) * unit;
}

function time(value) {
  return text(value) === undefined ? undefined : new Date(/^\d+$/.test(value) ? Number(value) : value).toISOString();
}

function milliseconds(value) {
  return value === null ? null : Date.parse(value);
}
