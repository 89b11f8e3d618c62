/// \file
/// Open Sound Control, by liblo where the build found it.

#include "osc.hpp"

#include <mgan/core/error.hpp>

#include <string_view>
#include <utility>

#if MGAN_PROGRAM_HAS_LIBLO
#include <lo/lo.h>
#endif

namespace mgan::program {

#if MGAN_PROGRAM_HAS_LIBLO

std::string osc_missing() {
    return "";
}

/// liblo's LO_TT_IMMEDIATE, which is a compound literal of C.
constexpr lo_timetag kAtOnce{0, 1};

struct OscServer::Server {
    OscActions actions;
    lo_server server = nullptr;
    std::string error;

    /// Handles every address; the types decide. liblo calls it from `serve`.
    static int handle(const char* path, const char* types, lo_arg** values, int count,
                      lo_message message, void* self) {
        static_cast<Server*>(self)->handle(path, types, values, count, message);
        return 0;
    }

    void handle(std::string_view path, std::string_view types, lo_arg** values, int count,
                lo_message message) {
        const auto is_number = [&](int i) {
            return i < count && std::string_view("ifhd").find(types[static_cast<std::size_t>(i)]) !=
                                    std::string_view::npos;
        };
        const auto number = [&](int i) {
            return static_cast<double>(
                lo_hires_val(static_cast<lo_type>(types[static_cast<std::size_t>(i)]), values[i]));
        };
        const auto text = [&](int i) { return std::string(&values[i]->s); };
        const auto is_text = [&](int i) {
            return i < count && types[static_cast<std::size_t>(i)] == 's';
        };
        // Numbers as they come: far outside what a control takes is refused there.
        const auto whole = [&](int i) {
            const double x = number(i);
            return x >= -1e15 && x <= 1e15 ? static_cast<std::int64_t>(x) : std::int64_t{-1};
        };
        const auto small = [&](int i) {
            const std::int64_t x = whole(i);
            return x >= -1 && x <= 1000 ? static_cast<int>(x) : -1;
        };
        std::string fault;
        try {
            if (path == "/mgan/set" && is_text(0) && is_number(1))
                fault = actions.set(text(0), number(1));
            else if (path == "/mgan/scale" && is_text(0))
                fault = actions.scale(text(0));
            else if (path == "/mgan/tempo" && is_number(0))
                fault = actions.tempo(number(0));
            else if (path == "/mgan/feed" && is_number(0) && is_number(1))
                fault = actions.feed(small(0), small(1));
            else if (path == "/mgan/pause" && is_number(0))
                fault = actions.pause(number(0) != 0.0);
            else if (path == "/mgan/reset" && is_number(0) && is_number(1))
                fault = actions.reset(whole(0), whole(1));
            else if (path == "/mgan/next") {
                const OscActions::Reply note = actions.next();
                lo_send_from(lo_message_get_source(message), server, kAtOnce, "/mgan/note", "hhii",
                             note.onset, note.length, note.pitch, note.velocity);
            } else {
                fault = concat("unknown: ", path, " ", types,
                               "; there are /mgan/set sf, /mgan/scale s, /mgan/tempo f, /mgan/feed "
                               "ii, /mgan/pause i, /mgan/reset ii, /mgan/next");
            }
        } catch (const Error& failure) {
            fault = failure.what();
        }
        if (!fault.empty())
            lo_send_from(lo_message_get_source(message), server, kAtOnce, "/mgan/error", "s",
                         fault.c_str());
    }
};

namespace {
/// liblo reports why a port cannot be opened by calling back, without a context.
thread_local std::string last_error;
void keep_error(int, const char* text, const char*) {
    last_error = text != nullptr ? text : "";
}
}  // namespace

OscServer::OscServer(int port, OscActions actions) : server_(std::make_unique<Server>()) {
    server_->actions = std::move(actions);
    last_error.clear();
    server_->server = lo_server_new(std::to_string(port).c_str(), &keep_error);
    if (server_->server == nullptr)
        fail<ConfigError>("--osc ", port, ": ",
                          last_error.empty() ? "cannot be opened" : last_error,
                          "; give another port");
    lo_server_add_method(server_->server, nullptr, nullptr, &Server::handle, server_.get());
}

OscServer::~OscServer() {
    if (server_->server != nullptr) lo_server_free(server_->server);
}

void OscServer::serve() {
    // A flood must not keep the notes waiting.
    for (int i = 0; i < 64 && lo_server_recv_noblock(server_->server, 0) > 0; ++i) {
    }
}

#else

std::string osc_missing() {
    return "this mgan was built without liblo (Debian: liblo-dev), so it speaks no OSC";
}

struct OscServer::Server {};
OscServer::OscServer(int, OscActions) {
    throw ConfigError(osc_missing());
}
OscServer::~OscServer() = default;
void OscServer::serve() {}

#endif

}  // namespace mgan::program
