declare module 'bpmn-auto-layout' {
  /** The model with shapes and edges; of a collaboration only the first process has them. */
  export function layoutProcess(xml: string): Promise<string>;
}
