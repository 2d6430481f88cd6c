// Tells the page at once when its session has ended elsewhere. The page works without it.
let source;

function listen() {
  source = new EventSource("/events");
  source.addEventListener("ended", () => {
    source.close();
    document.removeEventListener("visibilitychange", whileVisible);
    const notice = document.getElementById("ended");
    notice.hidden = false;
    notice.innerHTML =
      '<strong>This session has ended.</strong> It was signed out, here or on another device. <a href="/login">Sign in again</a>';
    for (const control of document.querySelectorAll("form :is(button, input)")) control.disabled = true;
    document.body.classList.add("over");
  });
}

// A browser opens six connections to a host (HTTP/1.1): tabs that nobody looks at give theirs back.
function whileVisible() {
  source?.close();
  if (!document.hidden) listen();
}

document.addEventListener("visibilitychange", whileVisible);
whileVisible();

// "Back" after signing out must not show the page as it was.
addEventListener("pageshow", (event) => event.persisted && location.reload());
