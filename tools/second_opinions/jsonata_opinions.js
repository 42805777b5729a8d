// What the reference JSONata makes of evaluations that were recorded: one JSON object a line comes in, and one that says
// how the outcomes differ goes out for each on which the two do not agree.
"use strict";

const { isDeepStrictEqual } = require("node:util");
const { createInterface } = require("node:readline");
const jsonata = require("jsonata");

async function outcomeOf({ expression, given, now }) {
  const functions = { now: () => now, millis: () => Date.parse(now), parse: (text) => JSON.parse(text) };
  try {
    const value = await jsonata(expression).evaluate(undefined, { ...given, ...functions });
    return value === undefined ? { undefined: true } : { value: JSON.parse(JSON.stringify(value)) };
  } catch (error) {
    return { error: error.message };
  }
}

// Two that fail agree, whatever they call it.
function agree(one, other) {
  return "error" in one ? "error" in other : isDeepStrictEqual(one, other);
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const evaluation = JSON.parse(line);
    const reference = await outcomeOf(evaluation);
    if (!agree(evaluation.outcome, reference)) console.log(JSON.stringify({ ...evaluation, reference }));
  }
}

main();
