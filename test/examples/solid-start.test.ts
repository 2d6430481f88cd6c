/** Sojourn in the real Solid Start: `vite build` without a secret, and its server under srvx, in a real browser. */
import { useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication, itKeepsWhatLeavesEarly } from "./scenarios.ts";

useBrowser();
const application = useExample("solid-start");

itIsTheSameApplication(application);

itKeepsWhatLeavesEarly(application, "keeps what a route did that leaves by a redirect or with a 404", "alert");
