-- wrk: POST the body in $BENCH_BODY with the Accept header in $BENCH_ACCEPT; in the end one line of JSON, times in microseconds.
-- With $BENCH_PAUSE each connection rests between its requests: exponentially distributed, so many ms on average.
wrk.method = "POST"
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["content-type"] = "application/json"
wrk.headers["accept"] = os.getenv("BENCH_ACCEPT")

local pause = tonumber(os.getenv("BENCH_PAUSE"))
if pause > 0 then
  function setup(thread) thread:set("seed", os.time()) end
  function init() math.randomseed(seed) end
  function delay() return math.floor(-math.log(1 - math.random()) * pause + 0.5) end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('JSON {"answered":%d,"refused":%d,"lost":%d,"duration":%d,"mean":%.1f,"p50":%d,"p99":%d}\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration,
    latency.mean, latency:percentile(50), latency:percentile(99)))
end
