// Speaking: recorded with the microphone where the browser allows, else a silent sample; what was heard is typed.

import { icon, make, tell } from "./http.js";
import { act } from "./me.js";
import { askFor } from "./sheets.js";

const LONGEST = 60; // seconds; a voice message ends there
const RATE = 8000; // samples a second, as on the phone

export async function sendVoice() {
  const recorder = newRecorder();
  const said = await askFor("发语音", [
    { name: "recognition", label: "语音识别出的文字（可以留空）", rows: 2 },
    { name: "off", label: "账号没有开通语音识别", check: true },
  ], {
    note: "对着话筒说，或直接发送：3 秒的示例语音，没有声音。识别结果由您填写。",
    above: () => recorder.view,
  });
  const recorded = await recorder.end();
  if (!said) return;
  act("voice", { ...(said.off ? {} : { recognition: said.recognition }), ...recorded });
}

function newRecorder() {
  const time = make("span", { class: "seconds" }, "点一下开始录音");
  const level = make("span", { class: "level" });
  const sound = make("audio", { controls: "", hidden: "" });
  const button = make("button", { type: "button", class: "record", "data-test": "record", "aria-label": "开始录音", "aria-pressed": "false" }, icon("mic"));
  const view = make("div", { class: "recorder", "data-test": "recorder" }, make("span", { class: "ring" }, level, button), time, sound);
  const state = { recorder: null, stream: null, parts: [], wave: "", began: 0, seconds: 0, timer: 0, done: Promise.resolve(), over: false };

  const stop = () => {
    clearInterval(state.timer);
    if (state.recorder?.state === "recording") state.recorder.stop();
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", "重新录音");
    level.style.transform = "";
    return state.done;
  };
  button.addEventListener("click", async () => {
    if (state.recorder?.state === "recording") return stop();
    button.disabled = true; // the browser may ask first, and be slow
    const mayRecord = await open(state);
    button.disabled = false;
    if (!mayRecord) return undefined;
    state.began = performance.now();
    sound.hidden = true;
    button.setAttribute("aria-pressed", "true");
    button.setAttribute("aria-label", "停止录音");
    const loudness = meter(state.stream);
    state.timer = setInterval(() => {
      const passed = (performance.now() - state.began) / 1000;
      time.textContent = `${Math.floor(passed)} 秒，再点一下停止`;
      level.style.transform = `scale(${1 + loudness()})`;
      if (passed >= LONGEST) stop();
    }, 100);
    state.done = new Promise((resolve) => {
      state.recorder.addEventListener("stop", () => {
        state.seconds = Math.max(1, Math.round((performance.now() - state.began) / 1000));
        for (const track of state.stream.getTracks()) track.stop();
        resolve(keep());
      });
    });
    return undefined;
  });
  const keep = async () => {
    try {
      state.wave = await asWave(new Blob(state.parts));
    } catch {
      time.textContent = "没有录到声音，再点一下重录";
      return;
    }
    sound.src = state.wave;
    sound.hidden = false;
    time.textContent = `录了 ${state.seconds} 秒，再点一下重录`;
  };
  // What was recorded, as the act takes it; nothing when nothing was.
  const end = async () => {
    state.over = true;
    await stop();
    return state.wave ? { base64: state.wave, seconds: state.seconds } : {};
  };
  return { view, end };
}

async function open(state) {
  try {
    state.stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    tell("用不了话筒。可以直接发送示例语音。");
    return false;
  }
  if (state.over) { // the sheet was put away while the browser asked
    for (const track of state.stream.getTracks()) track.stop();
    return false;
  }
  state.parts = [];
  state.wave = "";
  state.recorder = new MediaRecorder(state.stream);
  state.recorder.addEventListener("dataavailable", (event) => event.data.size && state.parts.push(event.data));
  state.recorder.start();
  return true;
}

// How loud it is now, 0 to 1.
function meter(stream) {
  const context = new AudioContext();
  const ear = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(ear);
  const heard = new Uint8Array(ear.fftSize);
  stream.getTracks()[0].addEventListener("ended", () => context.close());
  return () => {
    ear.getByteTimeDomainData(heard);
    return Math.min(1, Math.max(...heard.map((one) => Math.abs(one - 128))) / 64);
  };
}

// WAV: what every browser plays and the service takes; no browser writes AMR.
async function asWave(blob) {
  const context = new AudioContext();
  const heard = await context.decodeAudioData(await blob.arrayBuffer());
  context.close();
  const slower = new OfflineAudioContext(1, Math.ceil(heard.duration * RATE), RATE);
  const source = slower.createBufferSource();
  source.buffer = heard;
  source.connect(slower.destination);
  source.start();
  const samples = (await slower.startRendering()).getChannelData(0);
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const words = (at, text) => [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  words(0, "RIFF");
  view.setUint32(4, 36 + samples.length * 2, true);
  words(8, "WAVEfmt ");
  for (const [at, value] of [[16, 16], [24, RATE], [28, RATE * 2], [40, samples.length * 2]]) view.setUint32(at, value, true);
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]]) view.setUint16(at, value, true);
  words(36, "data");
  samples.forEach((sample, index) => view.setInt16(44 + index * 2, Math.max(-1, Math.min(1, sample)) * 32767, true));
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.readAsDataURL(new Blob([view], { type: "audio/wav" }));
  });
}
