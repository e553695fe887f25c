import type { Api } from "@millrace/client";
import styles from "../app.module.css";
import { deferred } from "../ui/deferred.tsx";

export interface SharedPageProps {
  readonly api: Api;
  /** What the link ends with. */
  readonly secret: string;
}

/** The page of a shared conversation; nobody else downloads it. */
export const sharedView = deferred<SharedPageProps>(
  async () => (await import("./SharedPage.tsx")).SharedPage,
  () => <output className={styles["splash"]}>Loading…</output>,
  () => <main className={styles["splash"]}>The page could not be loaded. Load it again.</main>,
);
