// Looking around in a panorama: squares of a picture on the inside of a globe, by WebGL and nothing else.
// The page tells in `data-tour` what there is. Without WebGL the page stays as it came: a strip to be scrolled
// and a list of links. Staff place hotspots in the same viewer (`panorama_edit.js`).
(() => {
  "use strict";
  const RAD = Math.PI / 180, GRID = 32, TILE = 1024, KEPT = 24, AT_ONCE = 4;
  const NEAREST = 30, WIDEST = 95, STEEPEST = 89;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const VERTEX = `attribute vec2 at; uniform mat4 look; uniform vec4 patch_, part; varying vec2 seen;
    void main() { float x = patch_.x + at.x * patch_.z, y = patch_.y - at.y * patch_.w;
      seen = part.xy + at * part.zw;
      gl_Position = look * vec4(cos(y) * sin(x), sin(y), -cos(y) * cos(x), 1.0); }`;
  const FRAGMENT = `precision mediump float; uniform sampler2D picture; varying vec2 seen;
    void main() { gl_FragColor = texture2D(picture, seen); }`;
  const bound = (value, least, most) => Math.min(most, Math.max(least, value));
  const turned = (degrees) => ((degrees + 180) % 360 + 360) % 360 - 180;
  const made = (tag, given = {}, ...inside) => { const one = Object.assign(document.createElement(tag), given); one.append(...inside); return one; };

  function program(gl) {
    const whole = gl.createProgram();
    for (const [kind, words] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, words); gl.compileShader(shader); gl.attachShader(whole, shader);
    }
    gl.linkProgram(whole);
    if (!gl.getProgramParameter(whole, gl.LINK_STATUS)) return null;
    gl.useProgram(whole);
    const points = [], order = [];
    for (let y = 0; y <= GRID; y += 1) for (let x = 0; x <= GRID; x += 1) points.push(x / GRID, y / GRID);
    for (let y = 0; y < GRID; y += 1) for (let x = 0; x < GRID; x += 1) {
      const first = y * (GRID + 1) + x;
      order.push(first, first + 1, first + GRID + 1, first + 1, first + GRID + 2, first + GRID + 1);
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(points), gl.STATIC_DRAW);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, new Uint16Array(order), gl.STATIC_DRAW);
    const at = gl.getAttribLocation(whole, "at");
    gl.enableVertexAttribArray(at); gl.vertexAttribPointer(at, 2, gl.FLOAT, false, 0, 0);
    return { count: order.length, ...Object.fromEntries(["look", "patch_", "part"].map((name) => [name, gl.getUniformLocation(whole, name)])) };
  }

  class Viewer {
    constructor(root) {
      this.root = root;
      this.tour = JSON.parse(root.dataset.tour);
      this.canvas = made("canvas", { tabIndex: 0 });
      this.canvas.setAttribute("role", "application");
      this.gl = this.canvas.getContext("webgl", { antialias: false, alpha: false });
      this.drawing = this.gl && program(this.gl);
      if (!this.drawing) return;
      Object.assign(this, { yaw: 0, pitch: 0, field: 0, textures: new Map(), waiting: [], loading: 0, tick: 0, stride: [0, 0], fingers: new Map() });
      this.build(); this.listen();
      this.enter(this.tour.scenes.find((each) => each.id === this.tour.start) || this.tour.scenes[0], true);
    }

    build() {
      this.spots = made("div", { className: "spots" });
      this.status = made("p", { className: "told" }); this.status.setAttribute("role", "status");
      this.heard = made("p", { className: "heard-only" }); this.heard.setAttribute("aria-live", "polite");
      this.tools = made("div", { className: "tools" });
      const tool = (words, sign, act) => { const one = made("button", { type: "button", title: words, textContent: sign, onclick: act }); one.setAttribute("aria-label", words); this.tools.append(one); return one; };
      tool("放大", "＋", () => this.zoom(0.8)); tool("缩小", "－", () => this.zoom(1.25));
      if (window.DeviceOrientationEvent && window.matchMedia("(pointer: coarse)").matches) {
        this.gyro = tool("跟着手机转", "体感", () => this.follow());
        this.gyro.setAttribute("aria-pressed", "false");
      }
      if (this.root.requestFullscreen) tool("全屏", "全屏", () => (document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen()));
      this.dialog = made("dialog", { className: "told-more" });
      this.stage = made("div", { className: "stage" }, this.canvas, this.spots, this.tools, this.status);
      this.root.prepend(this.stage, this.heard, this.dialog);
      this.root.classList.add("alive");
      new ResizeObserver(() => this.resize()).observe(this.stage);
    }

    enter(scene, first = false) {
      this.scene = scene;
      [this.yaw, this.pitch, this.stride] = [scene.yaw, scene.pitch, [0, 0]];
      this.turnFrom = null; this.waiting = [];
      for (const { texture } of this.textures.values()) if (texture) this.gl.deleteTexture(texture);
      this.textures.clear();
      this.canvas.setAttribute("aria-label", `${scene.title}：${scene.alt}。按方向键转动，加号、减号放大缩小。`);
      this.status.textContent = "正在打开……";
      if (!first) {
        this.heard.textContent = `到了${scene.title}：${scene.alt}`;
        const to = new URL(location.href); to.searchParams.set("scene", scene.id); history.replaceState(null, "", to);
      }
      for (const link of this.root.querySelectorAll("[data-scene]")) {
        if (link.dataset.scene === scene.id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      }
      if (!calm.matches && !first) { this.canvas.classList.remove("arriving"); void this.canvas.offsetWidth; this.canvas.classList.add("arriving"); }
      this.marked = null; this.place(); this.want("preview", true); this.draw();
      this.root.dispatchEvent(new CustomEvent("panorama:scene", { detail: scene }));
    }

    place() {
      this.spots.replaceChildren(...this.scene.spots.map((spot) => {
        const one = spot.href ? made("a", { href: spot.href }) : made("button", { type: "button", onclick: () => this.tap(spot) });
        one.className = `spot ${spot.kind}`; one.dataset.test = "spot";
        one.append(made("span", { className: "sign", textContent: { scene: "➜", text: "i", picture: "图", activity: "活" }[spot.kind], ariaHidden: "true" }), made("span", { textContent: spot.label }));
        return one;
      }));
    }

    tap(spot) {
      if (spot.kind === "scene") { const to = this.tour.scenes.find((each) => each.id === spot.to); if (to) this.enter(to); return; }
      const close = made("button", { type: "button", textContent: "关闭", onclick: () => this.dialog.close() });
      const picture = spot.src ? [made("img", { src: spot.src, alt: spot.words })] : [];
      this.dialog.replaceChildren(made("h2", { textContent: spot.label }), ...picture, made("p", { textContent: spot.words }), close);
      this.dialog.showModal();
    }

    // --- pictures

    want(name, first = false) {
      let found = this.textures.get(name);
      if (!found) {
        found = { texture: null, failed: false };
        this.textures.set(name, found);
        this.waiting[first ? "unshift" : "push"](name);
        this.load();
      }
      found.used = this.tick;
      return found.texture;
    }

    load() {
      while (this.loading < AT_ONCE && this.waiting.length) {
        const name = this.waiting.shift(), scene = this.scene, image = new Image();
        this.loading += 1;
        image.onload = () => { if (scene === this.scene) this.keep(name, image); this.loaded(); };
        image.onerror = () => { if (scene === this.scene) this.failed(name); this.loaded(); };
        image.src = `${scene.at}${name}`;
      }
    }

    loaded() { this.loading -= 1; this.load(); }

    keep(name, image) {
      const { gl } = this, found = this.textures.get(name);
      if (!found) return;
      found.texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, found.texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, image);
      for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
      for (const size of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, size, gl.LINEAR);
      if (name === "preview") { this.status.textContent = ""; this.root.dataset.shown = this.scene.id; }
      this.root.dataset.tiles = [...this.textures].filter(([key, each]) => key !== "preview" && each.texture).length;
      this.draw();
    }

    failed(name) {
      if (name !== "preview") return; // coarser squares stay in its place
      const again = made("button", { type: "button", textContent: "再试一次", onclick: () => this.enter(this.scene, true) });
      this.status.replaceChildren("图片没有加载出来。", again);
    }

    forget() {
      const old = [...this.textures].filter(([name, each]) => name !== "preview" && each.texture && each.used < this.tick).sort((a, b) => a[1].used - b[1].used);
      for (const [name, each] of old.slice(0, Math.max(0, this.textures.size - KEPT))) { this.gl.deleteTexture(each.texture); this.textures.delete(name); }
    }

    // --- drawing

    resize() {
      const { width, height } = this.stage.getBoundingClientRect(), dots = Math.min(2, window.devicePixelRatio || 1);
      [this.canvas.width, this.canvas.height] = [Math.max(1, Math.round(width * dots)), Math.max(1, Math.round(height * dots))];
      this.field = this.field ? Math.min(this.field, this.widest(WIDEST)) : Math.max(NEAREST, Math.min(75, this.widest(95)));
      this.draw();
    }

    draw() { if (this.field) this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.paint(); }); }

    looking() {
      const { width, height } = this.canvas, steep = 1 / Math.tan(this.field * RAD / 2), wide = steep * height / width;
      const [a, b] = [this.yaw * RAD, this.pitch * RAD], [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
      // The rows of the turned view: right, up, back.
      this.axes = [[ca, 0, sa], [-sa * sb, cb, ca * sb], [-sa * cb, -sb, ca * cb]];
      const [r, u, k] = this.axes;
      this.scale = [wide, steep];
      return new Float32Array([wide * r[0], steep * u[0], 0, -k[0], wide * r[1], steep * u[1], 0, -k[1], wide * r[2], steep * u[2], 0, -k[2], 0, 0, 0, 0]);
    }

    // Where a direction is on the stage, from -1 to 1; null behind one's back.
    project(x, y) {
      const way = [Math.cos(y) * Math.sin(x), Math.sin(y), -Math.cos(y) * Math.cos(x)];
      const [right, up, back] = this.axes.map((axis) => axis[0] * way[0] + axis[1] * way[1] + axis[2] * way[2]);
      return back < -0.05 ? [this.scale[0] * right / -back, this.scale[1] * up / -back] : null;
    }

    sees(x, y, across, down) {
      const [yaw, pitch] = [this.yaw * RAD, this.pitch * RAD];
      if (yaw >= x && yaw <= x + across && pitch <= y && pitch >= y - down) return true;
      for (let i = 0; i <= 6; i += 1) for (let j = 0; j <= 6; j += 1) {
        const at = this.project(x + across * i / 6, y - down * j / 6);
        if (at && Math.abs(at[0]) < 1.15 && Math.abs(at[1]) < 1.15) return true;
      }
      return false;
    }

    square(texture, x, y, across, down, part) {
      const { gl, drawing } = this;
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform4f(drawing.patch_, x, y, across, down); gl.uniform4f(drawing.part, ...part);
      gl.drawElements(gl.TRIANGLES, drawing.count, gl.UNSIGNED_SHORT, 0);
    }

    paint() {
      const { gl, scene } = this, half = Math.PI / 2;
      this.tick += 1;
      gl.viewport(0, 0, this.canvas.width, this.canvas.height); gl.clearColor(0.1, 0.12, 0.12, 1); gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniformMatrix4fv(this.drawing.look, false, this.looking());
      const whole = this.want("preview", true);
      if (whole) {
        for (let n = 0; n < 4; n += 1) this.square(whole, -Math.PI + n * half, half, half, Math.PI, [n / 4, 0, 1 / 4, 1]);
        const needed = this.canvas.height / (2 * Math.tan(this.field * RAD / 2)) * 2 * Math.PI;
        const enough = scene.widths.findIndex((width) => width >= needed * 0.8);
        this.paintLevels(enough < 0 ? scene.widths.length - 1 : enough);
      }
      this.forget(); this.settle();
    }

    paintLevels(finest) {
      for (let level = 0; level <= finest; level += 1) {
        const across = this.scene.widths[level] / TILE, down = across / 2, step = 2 * Math.PI / across;
        for (let i = 0; i < across; i += 1) for (let j = 0; j < down; j += 1) {
          const [x, y] = [-Math.PI + i * step, Math.PI / 2 - j * step];
          if (!this.sees(x, y, step, step)) continue;
          const name = `${level}-${i}-${j}`, texture = level === finest ? this.want(name) : this.textures.get(name)?.texture;
          if (texture) { this.textures.get(name).used = this.tick; this.square(texture, x, y, step, step, [0, 0, 1, 1]); }
        }
      }
    }

    // Where staff have tapped: a mark that goes along with the picture.
    mark(point) {
      this.spots.querySelector(".mark")?.remove();
      this.marked = { ...point, at: this.scene };
      this.spots.append(made("span", { className: "mark" }));
      this.draw();
    }

    settle() {
      const { width, height } = this.stage.getBoundingClientRect();
      const points = [...this.scene.spots, ...(this.marked?.at === this.scene ? [this.marked] : [])];
      points.forEach((spot, n) => {
        const at = this.project(spot.yaw * RAD, spot.pitch * RAD), one = this.spots.children[n];
        if (!one) return;
        const there = at && Math.abs(at[0]) < 1.1 && Math.abs(at[1]) < 1.1;
        one.hidden = !there;
        if (there) one.style.transform = `translate(-50%, -50%) translate(${(at[0] + 1) / 2 * width}px, ${(1 - at[1]) / 2 * height}px)`;
      });
      Object.assign(this.root.dataset, { yaw: this.yaw.toFixed(1), pitch: this.pitch.toFixed(1) });
    }

    // --- hands

    turn(yaw, pitch) { this.yaw = turned(yaw); this.pitch = bound(pitch, -STEEPEST, STEEPEST); this.draw(); }
    zoom(by) { this.field = bound(this.field * by, NEAREST, this.widest(WIDEST)); this.draw(); }
    // Degrees from top to bottom that show no more than so many from side to side.
    widest(degrees) { return Math.min(degrees, 2 * Math.atan(Math.tan(degrees * RAD / 2) * this.canvas.height / this.canvas.width) / RAD); }
    // Degrees for one pixel of the screen.
    get grain() { return this.field / this.stage.getBoundingClientRect().height; }

    // The direction under a point of the screen.
    under(event) {
      const box = this.stage.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width * 2 - 1) / this.scale[0], y = (1 - (event.clientY - box.top) / box.height * 2) / this.scale[1];
      const way = [0, 1, 2].map((n) => this.axes[0][n] * x + this.axes[1][n] * y - this.axes[2][n]), long = Math.hypot(...way);
      return { yaw: turned(Math.atan2(way[0], -way[2]) / RAD), pitch: Math.asin(way[1] / long) / RAD };
    }

    listen() {
      const { canvas, fingers } = this;
      const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId); canvas.focus({ preventScroll: true });
        fingers.set(event.pointerId, { x: event.clientX, y: event.clientY }); this.stride = [0, 0];
        this.still = fingers.size === 1; this.began = [event.clientX, event.clientY];
      });
      canvas.addEventListener("pointermove", (event) => {
        const finger = fingers.get(event.pointerId);
        if (!finger) return;
        const before = fingers.size === 2 ? spread() : 0, [x, y] = [event.clientX - finger.x, event.clientY - finger.y];
        [finger.x, finger.y] = [event.clientX, event.clientY];
        if (Math.hypot(event.clientX - this.began[0], event.clientY - this.began[1]) > 6) this.still = false;
        if (fingers.size === 2) { this.zoom(before / Math.max(1, spread())); return; }
        this.stop(); this.stride = [-x * this.grain, y * this.grain];
        this.turn(this.yaw + this.stride[0], this.pitch + this.stride[1]);
      });
      const lift = (event) => {
        if (!fingers.delete(event.pointerId) || event.type === "pointercancel") return;
        if (this.still) this.root.dispatchEvent(new CustomEvent("panorama:point", { detail: this.under(event) }));
        else if (!calm.matches && !fingers.size) this.glide();
      };
      canvas.addEventListener("pointerup", lift); canvas.addEventListener("pointercancel", lift);
      canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(event.deltaY > 0 ? 1.08 : 0.93); }, { passive: false });
      canvas.addEventListener("keydown", (event) => {
        const step = this.field / 12, turns = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
        if (turns) { this.stop(); this.turn(this.yaw + turns[0], this.pitch + turns[1]); }
        else if (event.key === "+" || event.key === "=") this.zoom(0.8);
        else if (event.key === "-") this.zoom(1.25);
        else if (event.key === "Home") this.turn(this.scene.yaw, this.scene.pitch);
        else return;
        event.preventDefault();
      });
      canvas.addEventListener("webglcontextlost", (event) => { event.preventDefault(); this.root.classList.remove("alive"); this.stage.remove(); });
      this.root.addEventListener("click", (event) => {
        const link = event.target.closest("[data-scene]"), to = link && this.tour.scenes.find((each) => each.id === link.dataset.scene);
        if (to) { event.preventDefault(); this.enter(to); this.stage.scrollIntoView({ block: "nearest" }); }
      });
    }

    glide() {
      this.stride = this.stride.map((each) => each * 0.92);
      if (Math.hypot(...this.stride) < 0.03 || this.fingers.size) return;
      this.turn(this.yaw + this.stride[0], this.pitch + this.stride[1]);
      requestAnimationFrame(() => this.glide());
    }

    // --- the telephone itself is turned

    async follow() {
      if (this.stopFollowing) { this.stop(); return; }
      if (DeviceOrientationEvent.requestPermission) {
        const said = await DeviceOrientationEvent.requestPermission().catch(() => "denied");
        if (said !== "granted") { this.status.textContent = "手机没有允许读取方向，用手指滑动也一样能看。"; return; }
      }
      const turns = ({ alpha, beta, gamma }) => {
        if (alpha === null) return;
        const [ca, sa, sb, cg, sg] = [Math.cos(alpha * RAD), Math.sin(alpha * RAD), Math.sin(beta * RAD), Math.cos(gamma * RAD), Math.sin(gamma * RAD)];
        // Where its back looks, to the east, north and up: minus the third column of Z-X'-Y''.
        const way = [-(ca * sg + sa * sb * cg), -(sa * sg - ca * sb * cg), -Math.cos(beta * RAD) * cg];
        const [heading, pitch] = [Math.atan2(way[0], way[1]) / RAD, Math.asin(bound(way[2], -1, 1)) / RAD];
        this.turnFrom ??= this.yaw - heading;
        this.turn(this.turnFrom + heading, pitch);
      };
      window.addEventListener("deviceorientation", turns);
      this.gyro.setAttribute("aria-pressed", "true");
      this.stopFollowing = () => window.removeEventListener("deviceorientation", turns);
    }

    stop() {
      if (!this.stopFollowing) return;
      this.stopFollowing(); this.stopFollowing = this.turnFrom = null; this.gyro.setAttribute("aria-pressed", "false");
    }
  }

  for (const root of document.querySelectorAll(".panorama[data-tour]")) root.viewer = new Viewer(root);
})();
