-- Requests go to the paths in the file that the environment names, one a line, chosen at random; without one to the address of the command line.
local paths = {}
local file = os.getenv("BENCH_PATHS")
if file then
    for line in io.lines(file) do paths[#paths + 1] = line end
    function request() return wrk.format(nil, paths[math.random(#paths)]) end
end

-- What the environment has as JSON is sent by POST.
local json = os.getenv("BENCH_JSON")
if json then
    wrk.method = "POST"
    wrk.body = json
    wrk.headers["Content-Type"] = "application/json"
end

function init() math.randomseed(1) end

-- Times are in microseconds.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
