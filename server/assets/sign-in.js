// Signs in to the console: the token is made here, as in any app, and redeemed by the server.

import { Loggin } from "./loggin.js";
import { qrPicture } from "./qr.js";

const place = document.getElementById("sign-in");
const byId = (id) => document.getElementById(id);

/** How long until another link is made after one has failed, in milliseconds. */
const PAUSE = 3_000;

let client;
let token;

async function signIn() {
  client?.close();
  client = new Loggin({ baseUrl: location.origin });
  const login = client.createToken(place.dataset.appKey);
  token = login.token;
  byId("link").href = login.link;
  byId("qr").replaceChildren(qrPicture(login.link));
  for await (const { status } of client.watch(token)) {
    byId("confirm").hidden = status !== "awaiting_confirmation";
    if (status === "awaiting_confirmation") byId("digits").focus();
  }
  await redeem(token);
  location.assign(place.dataset.to);
}

/** The server takes the token, and begins a session where its person is an administrator. */
async function redeem(token) {
  const response = await fetch("/console/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (!response.ok) throw new Error((await response.json()).message);
}

/** Another link is ready when one has ended. */
async function keepTrying() {
  for (;;) {
    try {
      return await signIn();
    } catch (error) {
      byId("confirm").hidden = true;
      byId("result").textContent = error?.message ?? "It did not work.";
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

if (byId("link")) {
  byId("confirm").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await client.confirm(token, byId("digits").value);
      byId("result").textContent = "";
    } catch (error) {
      byId("result").textContent = error.message;
      byId("digits").select();
    }
  });
  void keepTrying();
}
