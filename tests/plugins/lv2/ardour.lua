-- The plug-in in Ardour 7, without a window: a track with the plug-in and a synthesiser plays while the
-- transport runs, is silent when it stands, and plays again when the session was saved and loaded.
--
--     ardour7-new_session FOLDER mgan && SESSION=FOLDER ardour7-lua ardour.lua
local folder = os.getenv("SESSION")
local after_all = ARDOUR.PresentationInfo.max_order
local by_hand = ARDOUR.TransportRequestSource.TRS_UI

local function loudest(track, seconds)
    local most = -200
    for _ = 1, 10 * seconds do
        sleep(0.1)
        for channel = 1, 2 do  -- 0 is MIDI, in other units
            most = math.max(most, track:peak_meter():meter_level(channel, ARDOUR.MeterType.MeterPeak))
        end
    end
    return most
end

local function play(session)
    local track = session:route_by_name("mgan")
    session:goto_start()
    sleep(1)
    session:request_roll(by_hand)
    local playing = loudest(track, 5)
    session:request_stop(false, false, by_hand)
    local standing = 0
    for _ = 1, 60 do  -- what sounds dies away; a note that hangs does not
        standing = loudest(track, 1)
        if standing < -90 then break end
    end
    print(string.format("plays at %.1f dB, stands at %.1f dB", playing, standing))
    return playing > -60 and standing < -90
end

AudioEngine:set_backend("None (Dummy)", "", "")
AudioEngine:set_device_name("Silence")
local session = load_session(folder, "mgan")
assert(session, "no session")
local track = session:new_midi_track(ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1),
    ARDOUR.ChanCount(ARDOUR.DataType("audio"), 2), false, ARDOUR.PluginInfo(), nil, nil, 1, "mgan",
    after_all, ARDOUR.TrackMode.Normal, true):front()
for place, uri in ipairs({"urn:mgan:player", "https://community.ardour.org/node/7596"}) do
    local plugin = ARDOUR.LuaAPI.new_plugin(session, uri, ARDOUR.PluginType.LV2, "")
    assert(not plugin:isnil(), "no " .. uri)
    assert(track:add_processor_by_index(plugin, place - 1, nil, true) == 0, "cannot add " .. uri)
end
assert(play(session), "it does not play, or does not end")
assert(session:save_state("") == 0, "not saved")
close_session()

session = load_session(folder, "mgan")
assert(session, "not loaded")
assert(play(session), "it does not play after the session was loaded")
close_session()
print("ardour: all is well")
quit()
