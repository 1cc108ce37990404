// Asks the browser's authenticator for a passkey, or to make one, and posts its
// answer with the form that the button belongs to.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (all) => (all || []).map((one) => ({ ...one, id: bytes(one.id) }));
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const asked = JSON.parse(form.dataset.passkey);
    const making = form.dataset.make === "yes";
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      const says = form.querySelector("[role=status]");
      try {
        const options = { ...asked, challenge: bytes(asked.challenge) };
        let got;
        if (making) {
          options.user = { ...asked.user, id: bytes(asked.user.id) };
          options.excludeCredentials = listed(asked.excludeCredentials);
          got = await navigator.credentials.create({ publicKey: options });
        } else {
          options.allowCredentials = listed(asked.allowCredentials);
          got = await navigator.credentials.get({ publicKey: options });
        }
        const answer = { id: got.id, rawId: text(got.rawId), type: got.type, clientExtensionResults: got.getClientExtensionResults() };
        const r = got.response;
        answer.response = { clientDataJSON: text(r.clientDataJSON) };
        if (making) {
          answer.response.attestationObject = text(r.attestationObject);
          answer.response.transports = r.getTransports ? r.getTransports() : [];
        } else {
          answer.response.authenticatorData = text(r.authenticatorData);
          answer.response.signature = text(r.signature);
          if (r.userHandle) answer.response.userHandle = text(r.userHandle);
        }
        form.elements.answer.value = JSON.stringify(answer);
        form.submit();
      } catch (problem) {
        says.textContent = "The passkey was not used. Try again, or go another way.";
      }
    });
  }
})();
