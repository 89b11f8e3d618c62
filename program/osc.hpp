#pragma once
/// \file
/// Open Sound Control: other programs (SuperCollider, Max, Pure Data, Tidal) direct `mgan play`.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mgan::program {

/// What the addresses of /mgan do. Each function returns what is wrong, or "".
struct OscActions {
    std::function<std::string(const std::string& name, double value)> set;   ///< /mgan/set sf
    std::function<std::string(const std::string& scale)> scale;              ///< /mgan/scale s
    std::function<std::string(double tempo)> tempo;                          ///< /mgan/tempo f
    std::function<std::string(int pitch, int velocity)> feed;                ///< /mgan/feed ii
    std::function<std::string(bool pause)> pause;                            ///< /mgan/pause i
    std::function<std::string(std::int64_t seed, std::int64_t song)> reset;  ///< /mgan/reset ii
    struct Reply {
        std::int64_t onset = 0, length = 0;  ///< ticks, 384 a quarter
        int pitch = 0, velocity = 0;
    };
    std::function<Reply()> next;  ///< /mgan/next, answered to the sender by /mgan/note hhii
};

/// Why this program does not speak OSC, or "" if it does.
[[nodiscard]] std::string osc_missing();

/// Listens to a UDP port. What is wrong goes back to the sender as /mgan/error s.
class OscServer {
public:
    /// Throws ConfigError if the port is taken.
    OscServer(int port, OscActions actions);
    ~OscServer();
    OscServer(const OscServer&) = delete;
    OscServer& operator=(const OscServer&) = delete;

    /// Does what has come since the last call. Does not wait.
    void serve();

private:
    struct Server;
    std::unique_ptr<Server> server_;
};

}  // namespace mgan::program
