import type { Api } from "@millrace/client";
import styles from "../app.module.css";
import { deferred } from "../ui/deferred.tsx";

export interface OpsPageProps {
  readonly api: Api;
}

/** The page for operators; nobody else downloads it. */
export const opsView = deferred<OpsPageProps>(
  async () => (await import("./OpsPage.tsx")).OpsPage,
  () => <output className={styles["splash"]}>Loading…</output>,
  () => <main className={styles["splash"]}>The page could not be loaded. Load it again.</main>,
);
