// Both ways to sign in, live. The way by link is the client that apps have; codes are asked for at this server, which stands
// in the place of an app's own.

import { Loggin } from "./loggin.js";
import { qrPicture } from "./qr.js";
import { masked, milliseconds, Steps } from "./steps.js";

const page = document.querySelector("main");
const byId = (id) => document.getElementById(id);
const { appKey } = page.dataset;
const redeems = page.dataset.redeems === "true";
/** Where the simulator's phones are, in development. */
const { simulator } = page.dataset;
const isSimulated = simulator !== undefined;

const linkSteps = new Steps(byId("link-steps"), [
  ["made", "Token made", "In this browser, without a call."],
  ["stream", "Stream open", "The server is asked to tell when the message has come."],
  ["sent", isSimulated ? "Message sent" : "Link opened", isSimulated ? "Tap the button, then Send on the phone." : "Tap the button or scan the code, then Send in WhatsApp."],
  ["received", "Message received", "WhatsApp’s signed webhook brings the code and the sender."],
  ["verified", "Verified", "Whoever holds the token is woken."],
  ["redeemed", "Token redeemed", "Once: whoever tries again is told already_used."],
]);

let attempt;

/** How long ago a moment was. */
const since = (moment) => performance.now() - moment;

function startByLink() {
  attempt?.client.close();
  linkSteps.reset();
  byId("link-result").textContent = "";
  byId("confirm").hidden = true;
  byId("match").hidden = true;
  const current = { began: 0, sent: undefined };
  attempt = current;
  current.client = new Loggin({
    baseUrl: location.origin,
    fetch: async (...call) => {
      const asked = performance.now();
      const response = await fetch(...call);
      if (attempt === current && String(call[0]).endsWith("/tokens/events") && response.ok && !linkSteps.isDone("stream")) {
        linkSteps.done("stream", "POST /api/v1/tokens/events is answered: nothing can be missed from here.", since(asked));
      }
      return response;
    },
  });
  const began = performance.now();
  const login = current.client.createToken(appKey);
  linkSteps.done(
    "made",
    `lgn1_${appKey}_… stays here, and is secret. The link carries its hash: ${login.code}.`,
    since(began),
  );
  current.began = performance.now();
  byId("link").href = login.link;
  byId("qr")?.replaceChildren(qrPicture(login.link));
  void follow(current, login.token);
}

async function follow(current, token) {
  current.token = token;
  try {
    for await (const { status, session, match } of current.client.watch(token)) {
      if (attempt !== current) return;
      if (session) {
        await verified(current, token, session);
      } else {
        progressed(status, match);
      }
    }
  } catch (error) {
    if (attempt === current) fail(linkSteps, "verified", "link-result", error);
  }
}

function progressed(status, match) {
  received();
  byId("confirm").hidden = status !== "awaiting_confirmation";
  byId("match").hidden = match === undefined;
  byId("match").textContent = match === undefined ? "" : `Tap ${match} in WhatsApp.`;
  if (status === "awaiting_confirmation") byId("digits").focus();
}

function received() {
  if (!linkSteps.isDone("sent")) linkSteps.done("sent", "The message was on its way.");
  if (!linkSteps.isDone("received")) {
    linkSteps.done("received", "The webhook’s signature was right, and the message was stored before WhatsApp was told so.");
  }
}

async function verified(current, token, session) {
  const woken = performance.now();
  received();
  byId("confirm").hidden = true;
  byId("match").hidden = true;
  const from = current.sent === undefined ? "since the link was made" : "from the tap to the wake";
  const duration = woken - (current.sent ?? current.began);
  linkSteps.done("verified", `${masked(session.phone)}, confirmation ${session.confirmation}: ${from}.`, duration);
  if (redeems) {
    const asked = performance.now();
    await current.client.verifyToken(token);
    linkSteps.done("redeemed", "This app lets anybody redeem, as a demo may. Yours asks for its secret key.", since(asked));
  } else {
    linkSteps.done("redeemed", "Not here: the app’s own server redeems, with its secret key.");
  }
  byId("link-result").textContent = `Signed in as ${masked(session.phone)}, ${milliseconds(duration)} ${from}.`;
}

/** What an error says, in the step and aloud. */
function fail(steps, step, result, error) {
  const code = error?.code ?? "error";
  steps.failed(step, `${code}: ${error?.message ?? "something went wrong."}`);
  byId(result).textContent = `It did not work: ${code}.`;
}

/** The simulator's phone says when its person taps Send. */
addEventListener("message", (event) => {
  const frame = document.querySelector("iframe");
  if (event.source !== frame?.contentWindow || event.data?.phone !== "sent") return;
  if (linkSteps.isDone("verified") || linkSteps.isDone("sent")) return;
  attempt.sent = performance.now();
  linkSteps.done("sent", "Send was tapped on the phone.");
});

byId("link").addEventListener("click", () => {
  // On a small screen the phone stands below.
  document.querySelector("iframe")?.scrollIntoView({ block: "nearest" });
  if (!isSimulated && !linkSteps.isDone("sent")) linkSteps.done("sent", "WhatsApp has the message written: tap Send there.");
});

byId("link-again").addEventListener("click", startByLink);

byId("confirm").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await attempt.client.confirm(attempt.token, byId("digits").value);
  } catch (error) {
    byId("link-result").textContent = `${error.code}: ${error.message}`;
  }
});

const codeSteps =
  byId("code-steps") &&
  new Steps(byId("code-steps"), [
    ["asked", "Code asked for", "An app’s server does that with its secret key; here it is this server."],
    ["taken", "Message taken", "WhatsApp takes the code over."],
    ["typed", "Code typed", "At most 5 tries, each counted before it is compared."],
    ["checked", "Verified", "The code is compared in constant time with what is kept of it, which is no code."],
  ]);

let sessionId;

/** Asks this server's demo; an error as the API has it. */
async function ask(path, body) {
  const response = await fetch(`/demo/codes/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const said = await response.json();
  if (!response.ok) throw Object.assign(new Error(said.message), { code: said.error, attemptsLeft: said.attempts_left });
  return said;
}

/** Sends a form once at a time. */
function onSubmit(form, send) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await send();
    } finally {
      button.disabled = false;
    }
  });
}

async function startByCode() {
  codeSteps.reset();
  byId("verify").hidden = true;
  byId("code-result").textContent = "";
  codeSteps.done("asked", "POST /api/v1/auth/start with the phone number.");
  const asked = performance.now();
  try {
    const started = await ask("start", { phone: byId("phone").value });
    sessionId = started.session_id;
    showPhone();
    codeSteps.done("taken", `The code is good for ${started.expires_in} seconds.`, since(asked));
  } catch (error) {
    fail(codeSteps, "taken", "code-result", error);
    return;
  }
  byId("verify").hidden = false;
  byId("code").value = "";
  byId("code").focus();
}

/** In development the phone beside becomes the one that the code was sent to. */
function showPhone() {
  if (isSimulated) document.querySelector("iframe").src = `${simulator}/phone/${byId("phone").value.replaceAll(/\D/g, "")}`;
}

async function verifyCode() {
  codeSteps.done("typed", "POST /api/v1/auth/verify with the session and what was typed.");
  const asked = performance.now();
  try {
    const { phone } = await ask("verify", { session_id: sessionId, otp_code: byId("code").value });
    codeSteps.done("checked", `${masked(phone)} is theirs.`, since(asked));
    byId("verify").hidden = true;
    byId("code-result").textContent = `Signed in as ${masked(phone)}.`;
  } catch (error) {
    const left = error.attemptsLeft === undefined ? "" : ` Tries left: ${error.attemptsLeft}.`;
    codeSteps.failed("typed", `${error.code}: ${error.message}${left}`);
    byId("code-result").textContent = `That was not it.${left}`;
  }
}

if (codeSteps) {
  onSubmit(byId("start"), startByCode);
  onSubmit(byId("verify"), verifyCode);
}
startByLink();
