// A tile in JupyterLab's launcher: a new notebook in which the workbench runs.
//
// JupyterLab loads extensions as containers of webpack's module federation: `init` is given what is shared, `get` answers with a
// module. This one is written as such a container by hand, so it needs no build step.

(() => {
  const SOURCE = ["from workbench import Workbench\n", "\n", 'Workbench()  # or Workbench("detector.tflite", "clip.mp4")'];
  const COMMAND = "workbench:new-notebook";
  const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 52 52" fill="none" stroke-width="4">
    <rect x="6" y="8" width="40" height="28" rx="3" stroke="#0072b2"/><rect x="16" y="15" width="15" height="13" stroke="#d55e00"/>
    <path d="M6 45h12M22 45h7M33 45h13" stroke="#009e73"/></svg>`;
  let shared;

  // The newest of a shared package's versions, as webpack would choose it for a singleton.
  async function sharedModule(name) {
    const versions = shared?.[name] ?? {};
    const [newest] = Object.keys(versions).sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
    return newest === undefined ? {} : (await versions[newest].get())();
  }

  async function openNotebook(app, folder) {
    const { contents, kernelspecs } = app.serviceManager;
    const cell = { cell_type: "code", execution_count: null, id: "workbench", metadata: {}, outputs: [], source: SOURCE };
    const content = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 };
    const { path } = await contents.newUntitled({ path: folder, type: "notebook" });
    await contents.save(path, { type: "notebook", format: "json", content });
    const kernel = { name: kernelspecs.specs?.default };
    const panel = await app.commands.execute("docmanager:open", { path, factory: "Notebook", kernel });
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session?.kernel?.info; // what runs before the kernel answers is lost
    await app.commands.execute("notebook:run-all-cells");
  }

  function plugin(launcherToken) {
    return {
      id: "workbench-launcher:plugin",
      description: "Opens the workbench in a new notebook.",
      autoStart: true,
      optional: launcherToken ? [launcherToken] : [],
      activate(app, launcher) {
        app.commands.addCommand(COMMAND, {
          label: "workbench",
          caption: "Where each millisecond of an object detector goes, in a new notebook",
          execute: (given) => openNotebook(app, given.cwd ?? ""),
        });
        launcher?.add({
          command: COMMAND,
          category: "Notebook",
          rank: 1,
          kernelIconUrl: `data:image/svg+xml,${encodeURIComponent(ICON)}`,
        });
      },
    };
  }

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB["workbench-launcher"] = {
    init(scope) {
      shared = scope;
    },
    async get() {
      const { ILauncher } = await sharedModule("@jupyterlab/launcher");
      return () => ({ __esModule: true, default: plugin(ILauncher) });
    },
  };
})();
