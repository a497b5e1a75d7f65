// Signing in: the local run puts a token into the link's fragment; in the cloud
// the user pool's page gives a code, exchanged with PKCE. Tokens stay in this
// tab.

const store = sessionStorage;
export const token = () => store.getItem("sarnakh.token") || "";

const random = () => [...crypto.getRandomValues(new Uint8Array(32))].map((b) => b.toString(16).padStart(2, "0")).join("");
const here = () => location.origin + "/";

async function challenge(verifier) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(hash))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// signedIn tells whether there is a token; without one it leaves for the
// sign-in page. again: the token was refused.
export async function signedIn(again) {
  const given = location.hash.match(/^#token=([\w.-]+)(#.*)?$/);
  if (given) {
    store.setItem("sarnakh.token", given[1]);
    history.replaceState(null, "", "/" + (given[2] || "#/leads"));
    return true;
  }
  if (again) store.removeItem("sarnakh.token");
  if (token()) return true;
  const config = await (await fetch("/assets/config.json")).json();
  const query = new URLSearchParams(location.search);
  if (query.get("code") && query.get("state") === store.getItem("sarnakh.state")) {
    const answer = await fetch(config.url + "/oauth2/token", {
      method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ grant_type: "authorization_code", client_id: config.client, code: query.get("code"), redirect_uri: here(), code_verifier: store.getItem("sarnakh.verifier") }),
    });
    if (answer.ok) {
      store.setItem("sarnakh.token", (await answer.json()).access_token);
      history.replaceState(null, "", store.getItem("sarnakh.back") || "/#/leads");
      return true;
    }
  }
  if (!config.url || location.protocol === "http:") {
    document.getElementById("main").textContent = "پیوند کنسول را از صفحه‌ی اجرای محلی باز کنید. — Open the console from the link on the local run's page.";
    return false;
  }
  const verifier = random(), state = random();
  store.setItem("sarnakh.verifier", verifier);
  store.setItem("sarnakh.state", state);
  store.setItem("sarnakh.back", "/" + (location.hash || "#/leads"));
  location.assign(config.url + "/oauth2/authorize?" + new URLSearchParams({
    response_type: "code", client_id: config.client, redirect_uri: here(), scope: "openid sarnakh/console", state, code_challenge: await challenge(verifier), code_challenge_method: "S256",
  }));
  return false;
}
