"use strict";
// The key lives in the session storage of the tab: not in another tab, not in an address, and not after it is closed.
const STORED_KEY = "invoice-capture.api-key";
const SCHEME = "ApiKeyAuth";
const JOBS = "ocr-invoice-job";
const ENDED = ["completed", "failed", "cancelled"];
const FIRST_LOOK_MS = 500, LAST_LOOK_MS = 10_000, LOOK_GROWTH = 1.3;
const RETRY_SECONDS = 2, MOST_TRIES = 6;

const form = document.getElementById("capture");
const button = form.querySelector("button");
const bar = document.querySelector("progress");
const status = document.getElementById("status");
const problem = document.getElementById("problem");
const result = document.getElementById("result");
let operations;

// --- the key, here and in Swagger UI ---------------------------------------------------------------------------------

function keep(key) {
  if (form.key.value !== key) form.key.value = key;
  if (key) sessionStorage.setItem(STORED_KEY, key);
  else sessionStorage.removeItem(STORED_KEY);
}

function tellOperations(key) {
  if (key) operations?.preauthorizeApiKey(SCHEME, key);
  else if (operations?.authSelectors.authorized()?.has(SCHEME)) operations.authActions.logout([SCHEME]);
}

const sharedKey = {
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (authorize) => (given) => {
          if (given[SCHEME]) keep(given[SCHEME].value);
          return authorize(given);
        },
        logout: (logout) => (schemes) => {
          if (schemes.includes(SCHEME)) keep("");
          return logout(schemes);
        },
      },
    },
  },
};

function showOperations() {
  operations = SwaggerUIBundle({
    dom_id: "#operations",
    url: "openapi.json",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
    // The default theme has numbers too faint to read.
    syntaxHighlight: { theme: "obsidian" },
    plugins: [sharedKey],
    onComplete: () => tellOperations(form.key.value),
  });
}

// --- capturing a document --------------------------------------------------------------------------------------------

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function say(text) {
  // A status that is set again would be read out again.
  if (status.textContent !== text) status.textContent = text;
}

async function send(path, options) {
  try {
    return await fetch(path, { ...options, headers: { "api-key": form.key.value.trim() } });
  } catch {
    throw new Error("The API does not answer. Look whether it still runs, then try again.");
  }
}

/** The data of an answer. What the API is too busy for is asked again when it says; throws an Error with its words. */
async function call(path, options = {}) {
  for (let tries = 1; ; tries += 1) {
    const answer = await send(path, options);
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told.data;
    const message = told.message || `The API answered ${answer.status}.`;
    // A document is sent twice only when it is certain that it was not taken.
    const isBusy = answer.status === 429 || (answer.status >= 500 && !options.method);
    if (!isBusy || tries === MOST_TRIES) throw new Error(message);
    const seconds = Number(answer.headers.get("Retry-After")) || RETRY_SECONDS;
    say(`${message.replace(/\.?$/, ".")} Trying again in ${seconds} s.`);
    await sleep(seconds * 1000);
  }
}

async function capture(file) {
  const body = new FormData();
  body.append("file", file);
  say(`Sending ${file.name} …`);
  let job = await call(`${JOBS}/documents`, { method: "POST", body });
  for (let wait = FIRST_LOOK_MS; !ENDED.includes(job.status); wait = Math.min(wait * LOOK_GROWTH, LAST_LOOK_MS)) {
    bar.value = job.progress.percentage;
    say(`${file.name}: ${job.progress.currentStep} …`);
    await sleep(wait);
    job = await call(`${JOBS}/${encodeURIComponent(job._id)}`);
  }
  if (job.status !== "completed") throw new Error(job.errorLog || `The job is ${job.status}.`);
  show(job);
  say(`${file.name}: captured in ${job.processingTime.toFixed(1)} s.`);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  result.hidden = true;
  bar.removeAttribute("value");
  bar.hidden = false;
  button.disabled = true;
  try {
    await capture(form.document.files[0]);
  } catch (error) {
    say("");
    problem.textContent = error.message;
  } finally {
    bar.hidden = true;
    button.disabled = false;
  }
});

// --- what was captured -----------------------------------------------------------------------------------------------

function money(amount, currency) {
  if (amount === undefined) return undefined;
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 4 };
  return `${amount.toLocaleString("en", digits)} ${currency ?? ""}`.trim();
}

function valuesOf({ invoice = {} }) {
  const { supplier = {}, customer = {}, amounts = {} } = invoice;
  return [
    ["Supplier", "supplier.name", supplier.name],
    ["Customer", "customer.name", customer.name],
    ["Number", "number", invoice.number],
    ["Date", "date", invoice.date],
    ["Due", "dueDate", invoice.dueDate],
    ["Net", "amounts.subtotal", money(amounts.subtotal, amounts.currency)],
    ["Tax", "amounts.tax", money(amounts.tax, amounts.currency)],
    ["Total", "amounts.total", money(amounts.total, amounts.currency)],
  ].filter(([, , value]) => value !== undefined);
}

function element(name, text, className = "") {
  return Object.assign(document.createElement(name), { textContent: text, className });
}

function show(job) {
  const confidences = job.confidence?.fields ?? {};
  const rows = valuesOf(job.extractedData ?? {}).map(([label, path, value]) => {
    const cell = element("dd", value);
    const confidence = confidences[`invoice.${path}`];
    if (confidence !== undefined) cell.append(" ", element("small", `${Math.floor(confidence * 100)} % sure`));
    const row = element("div", "", path.replace(".", "-"));
    row.append(element("dt", label), cell);
    return row;
  });
  result.querySelector("dl").replaceChildren(...rows);
  const findings = job.validationResults?.errors ?? [];
  result.querySelector("ul").replaceChildren(...findings.map((finding) => element("li", finding.message)));
  const json = JSON.stringify(job, null, 2);
  result.querySelector("pre").textContent = json;
  const link = result.querySelector("a");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  link.download = `${job.jobNumber}.json`;
  result.hidden = false;
}

// --- at the start ----------------------------------------------------------------------------------------------------

// Swagger UI has a dark look of its own, by a class and not by what the browser prefers.
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", prefersDark.matches);
prefersDark.addEventListener("change", followScheme);
followScheme();

keep(sessionStorage.getItem(STORED_KEY) ?? "");
form.key.addEventListener("input", () => keep(form.key.value.trim()));
form.key.addEventListener("change", () => tellOperations(form.key.value));
// The script of Swagger UI comes after this one, so the form works before it is there.
document.addEventListener("DOMContentLoaded", showOperations);
