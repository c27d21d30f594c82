// Runs a guide's code as HubSpot or Zapier does: {guide, code, input} comes on stdin, what became of it goes to stdout.
// HubSpot has axios, this machine may not: here it is, as far as the guide needs it, with the errors that axios throws.
const Module = require('module');

const axios = {
  post: async (url, body, { headers, timeout }) => {
    const signal = AbortSignal.timeout(timeout);
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
    const response = { status: answer.status, data: await answer.json() };
    if (!answer.ok) {
      throw Object.assign(new Error(`Request failed with status code ${answer.status}`), { response });
    }
    return response;
  },
};

async function hubspot(code, event) {
  const action = new Module('score_contact');
  action.require = (name) => (name === 'axios' ? axios : require(name));
  new Function('exports', 'require', code)(action.exports, action.require);
  let given;
  await action.exports.main(event, (outputs) => (given = outputs));
  return given;
}

async function zapier(code, inputData) {
  return new (async () => {}).constructor('inputData', code)(inputData);
}

async function main() {
  let text = '';
  for await (const part of process.stdin) {
    text += part;
  }
  const { guide, code, input } = JSON.parse(text);
  try {
    const outputs = await (guide === 'hubspot' ? hubspot : zapier)(code, input);
    console.log(JSON.stringify({ outputs }));
  } catch (error) {
    console.log(JSON.stringify({ thrown: error.message, status: error.response ? error.response.status : null }));
  }
}

main();
