#include "sound_file.hpp"

#include "child_process.hpp"
#include "data.hpp"
#include "interrupt.hpp"
#include "program.hpp"
#include "sound.hpp"

#include <mgan/core/atomic_file.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>

#if MGAN_PROGRAM_HAS_SNDFILE
#include <sndfile.h>
#endif

namespace mgan::program {

namespace {

/// The ending of a name in small letters.
std::string ending(const std::filesystem::path& path) {
    std::string text = path.extension().string();
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
}

/// A file beside `path` that takes its name once it is whole, and goes away if that never happens.
class Draft {
public:
    explicit Draft(const std::filesystem::path& path)
        : path_(path), temporary_(temporary_path(path)), guard_(temporary_) {
        std::error_code unknown;
        if (std::filesystem::is_directory(path, unknown)) throw_io_error(path, "write", EISDIR);
    }
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
        std::error_code ignored;
        if (!done_) std::filesystem::remove(temporary_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return temporary_; }
    void keep() {
        std::error_code failure;
        std::filesystem::rename(temporary_, path_, failure);
        if (failure) throw_io_error(path_, "replace (rename)", failure);
        done_ = true;
    }

private:
    std::filesystem::path path_, temporary_;
    DraftGuard guard_;
    bool done_ = false;
};

#if MGAN_PROGRAM_HAS_SNDFILE

using SoundFile = std::unique_ptr<SNDFILE, int (*)(SNDFILE*)>;

SF_INFO format_of(int format, double rate) {
    SF_INFO info{};
    info.samplerate = static_cast<int>(rate);
    info.channels = 1;
    info.format = format;
    return info;
}

/// Writes blocks into an open file. `name`: for messages.
void write_song(SNDFILE* file, const midi::Song& song, double rate, double limit,
                const std::string& name, const std::function<void(double)>& on_progress = {}) {
    const auto write = [&](std::span<const float> block) {
        // The Vorbis encoder of libsndfile keeps what it is given at once on the stack.
        constexpr std::size_t kPiece = 4096;
        for (std::size_t at = 0; at < block.size(); at += kPiece) {
            const auto piece = block.subspan(at, std::min(kPiece, block.size() - at));
            const auto count = static_cast<sf_count_t>(piece.size());
            if (sf_write_float(file, piece.data(), count) != count)
                fail<IoError>(name, ": cannot write: ", sf_strerror(file));
        }
    };
    play(song, rate, limit, write, on_progress);
}

#if MGAN_HAS_POSIX_FILES

/// An open file, as libsndfile sees it. Left to itself, libsndfile says neither which cause a
/// failed write had, nor that the last one of `sf_close` failed, which completes the header.
struct DiskFile {
    int descriptor = -1;
    int cause = 0;  ///< the error number of the first write that failed

    static DiskFile& of(void* self) { return *static_cast<DiskFile*>(self); }
    static sf_count_t size(void* self) {
        struct stat status {};
        return ::fstat(of(self).descriptor, &status) == 0 ? status.st_size : -1;
    }
    static sf_count_t seek(sf_count_t offset, int whence, void* self) {
        return ::lseek(of(self).descriptor, offset, whence);
    }
    static sf_count_t read(void* to, sf_count_t count, void* self) {
        return ::read(of(self).descriptor, to, static_cast<std::size_t>(count));
    }
    static sf_count_t write(const void* from, sf_count_t count, void* self) {
        DiskFile& file = of(self);
        const int cause = write_fully(file.descriptor, {static_cast<const std::byte*>(from),
                                                        static_cast<std::size_t>(count)});
        if (file.cause == 0) file.cause = cause;
        return cause == 0 ? count : 0;
    }
    static sf_count_t tell(void* self) { return ::lseek(of(self).descriptor, 0, SEEK_CUR); }
};

#endif

/// A file in memory, as libsndfile sees it.
struct MemoryFile {
    std::string bytes;
    std::size_t at = 0;

    static MemoryFile& of(void* self) { return *static_cast<MemoryFile*>(self); }
    static sf_count_t size(void* self) { return static_cast<sf_count_t>(of(self).bytes.size()); }
    static sf_count_t seek(sf_count_t offset, int whence, void* self) {
        MemoryFile& file = of(self);
        const sf_count_t base = whence == SEEK_SET   ? 0
                                : whence == SEEK_CUR ? static_cast<sf_count_t>(file.at)
                                                     : size(self);
        file.at = static_cast<std::size_t>(std::max<sf_count_t>(0, base + offset));
        return static_cast<sf_count_t>(file.at);
    }
    static sf_count_t read(void* to, sf_count_t count, void* self) {
        MemoryFile& file = of(self);
        const std::size_t left = file.bytes.size() - std::min(file.at, file.bytes.size());
        const std::size_t got = std::min(left, static_cast<std::size_t>(count));
        if (got > 0) std::memcpy(to, file.bytes.data() + file.at, got);
        file.at += got;
        return static_cast<sf_count_t>(got);
    }
    static sf_count_t write(const void* from, sf_count_t count, void* self) {
        MemoryFile& file = of(self);
        const auto n = static_cast<std::size_t>(count);
        if (file.bytes.size() < file.at + n) file.bytes.resize(file.at + n);
        std::memcpy(file.bytes.data() + file.at, from, n);
        file.at += n;
        return count;
    }
    static sf_count_t tell(void* self) { return static_cast<sf_count_t>(of(self).at); }
};

#else

/// The head of a WAV file of mono, 16 bits a sample, least byte first.
std::string wave_head(std::uint32_t rate, std::uint32_t bytes) {
    std::string head;
    const auto put = [&](std::uint32_t number, int size) {
        for (int i = 0; i < size; ++i) head += static_cast<char>(number >> (8 * i) & 0xFF);
    };
    head += "RIFF";
    put(36 + bytes, 4);
    head += "WAVEfmt ";
    put(16, 4);
    put(1, 2);  // PCM
    put(1, 2);  // a channel
    put(rate, 4);
    put(2 * rate, 4);
    put(2, 2);
    put(16, 2);
    head += "data";
    put(bytes, 4);
    return head;
}

/// Writes a song as WAV with the bytes that libsndfile would give it.
void save_wave(const std::filesystem::path& path, const midi::Song& song,
               const std::function<void(double)>& on_progress) {
    Draft draft(path);
    std::ofstream file(draft.path(), std::ios::binary | std::ios::trunc);
    if (!file) throw_io_error(path, "write", ENOENT);
    const auto rate = static_cast<std::uint32_t>(kSoundRate);
    std::uint32_t bytes = 0;
    std::string block_bytes = wave_head(rate, 0);
    const auto write = [&] {
        if (!file.write(block_bytes.data(), static_cast<std::streamsize>(block_bytes.size())))
            throw_io_error(path, "write", EIO);
    };
    write();
    play(
        song, kSoundRate, kMaxSoundSeconds,
        [&](std::span<const float> block) {
            block_bytes.clear();
            for (const float sample : block) {
                const auto level = static_cast<std::uint16_t>(std::lrint(sample * 32767.0f));
                block_bytes += static_cast<char>(level & 0xFF);
                block_bytes += static_cast<char>(level >> 8);
            }
            bytes += static_cast<std::uint32_t>(block_bytes.size());
            write();
        },
        on_progress);
    block_bytes = wave_head(rate, bytes);
    file.seekp(0);
    write();
    file.close();
    if (!file) throw_io_error(path, "write", EIO);
#ifdef _WIN32
    if (const int cause = bring_to_disk(draft.path()); cause != 0)
        throw_io_error(path, "bring to the disk", cause);
#endif
    draft.keep();
}

#endif

/// Throws DataError where a song is too long for a sound file.
void require_sound_length(const std::filesystem::path& path, const midi::Song& song) {
    if (sound_seconds(song) > kMaxSoundSeconds)
        fail<DataError>(printable(path.string()), ": the song lasts ",
                        fixed(sound_seconds(song) / 3600.0, 1), " hours, and at most ",
                        fixed(kMaxSoundSeconds / 3600.0, 0),
                        " can become a sound file; cut it into pieces");
}

}  // namespace

std::string sound_files_missing(const std::filesystem::path& path) {
#if MGAN_PROGRAM_HAS_SNDFILE
    (void)path;
    return "";
#else
    return ending(path) == ".wav" ? ""
                                  : "this mgan was built without libsndfile, and writes sound as "
                                    ".wav alone; install it (Debian: apt-get install "
                                    "libsndfile1-dev) and build mgan again";
#endif
}

void require_sound_name(const std::filesystem::path& path) {
    const std::string kind = ending(path);
    if (kind == ".wav" || kind == ".ogg" || kind == ".flac") return;
    fail<UsageError>(printable(path.string()),
                     ": a sound file's name must end in .wav, .ogg or .flac");
}

void save_sound(const std::filesystem::path& path, const midi::Song& song,
                const std::function<void(double)>& on_progress) {
    require_sound_name(path);
    const std::string missing = sound_files_missing(path);
    require<ConfigError>(missing.empty(), missing);
    require_sound_length(path, song);
#if MGAN_PROGRAM_HAS_SNDFILE
    const std::string kind = ending(path);
    SF_INFO info = format_of(kind == ".wav"    ? SF_FORMAT_WAV | SF_FORMAT_PCM_16
                             : kind == ".flac" ? SF_FORMAT_FLAC | SF_FORMAT_PCM_16
                                               : SF_FORMAT_OGG | SF_FORMAT_VORBIS,
                             kSoundRate);
    Draft draft(path);
    // Opened by us: the system's reason is told, which libsndfile keeps to itself.
#if MGAN_HAS_POSIX_FILES
    FileDescriptor descriptor(
        ::open(draft.path().c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!descriptor.is_open()) throw_io_error(path, "write", errno);
    DiskFile disk{descriptor.get()};
    SF_VIRTUAL_IO io{DiskFile::size, DiskFile::seek, DiskFile::read, DiskFile::write,
                     DiskFile::tell};
    SoundFile file(sf_open_virtual(&io, SFM_WRITE, &info, &disk), sf_close);
    const auto require_written = [&] {
        if (disk.cause != 0) throw_io_error(path, "write", disk.cause);
    };
#else
    const auto require_written = [] {};

    SoundFile file(sf_open(draft.path().string().c_str(), SFM_WRITE, &info), sf_close);
#endif
    if (file == nullptr) {
        require_written();
        fail<IoError>(printable(path.string()), ": cannot write: ", sf_strerror(nullptr));
    }
    try {
        write_song(file.get(), song, kSoundRate, kMaxSoundSeconds, printable(path.string()),
                   on_progress);
    } catch (const IoError&) {
        require_written();  // which names the cause
        throw;
    }
    const int cause = sf_close(file.release());
    require_written();
    if (cause != 0)
        fail<IoError>(printable(path.string()), ": cannot write: ", sf_error_number(cause));
#if MGAN_HAS_POSIX_FILES
    if (const int failed = bring_to_disk(descriptor.get()); failed != 0)
        throw_io_error(path, "flush to the disk (fsync)", failed);
    if (const int failed = descriptor.close(); failed != 0) throw_io_error(path, "close", failed);
#endif
    draft.keep();
#else
    save_wave(path, song, on_progress);
#endif
}

std::string small_ogg(const midi::Song& song, double limit) {
#if MGAN_PROGRAM_HAS_SNDFILE
    constexpr double kRate = 22050.0, kQuality = 0.1;
    if (sound_seconds(song) <= 0.0) return "";
    SF_INFO info = format_of(SF_FORMAT_OGG | SF_FORMAT_VORBIS, kRate);
    SF_VIRTUAL_IO io{MemoryFile::size, MemoryFile::seek, MemoryFile::read, MemoryFile::write,
                     MemoryFile::tell};
    MemoryFile memory;
    SoundFile file(sf_open_virtual(&io, SFM_WRITE, &info, &memory), sf_close);
    if (file == nullptr) return "";  // a libsndfile without Vorbis
    double quality = kQuality;
    sf_command(file.get(), SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof quality);
    write_song(file.get(), song, kRate, limit, "a player of the report");
    file.reset();
    return std::move(memory.bytes);
#else
    (void)song;
    (void)limit;
    return "";
#endif
}

void save_with_soundfont(const std::filesystem::path& path, const std::filesystem::path& midi_file,
                         const std::filesystem::path& soundfont) {
    require_sound_name(path);
    // Also tells what is wrong with a file, which fluidsynth only does on its own terms.
    for (const std::filesystem::path& file : {midi_file, soundfont}) {
        const std::vector<std::byte> head = read_file_bytes(file);
        if (head.empty()) fail<DataError>(printable(file.string()), ": the file is empty");
        if (file != soundfont) continue;
        const std::string_view magic(reinterpret_cast<const char*>(head.data()),
                                     std::min<std::size_t>(4, head.size()));
        if (magic != "RIFF")
            fail<DataError>(printable(file.string()), ": is not a sound font (.sf2, .sf3)");
    }
    const std::string kind = ending(path);
    Draft draft(path);
    {
        // Where nothing can be written, say so before fluidsynth does in its own way.
        std::ofstream probe(draft.path(), std::ios::binary);
        if (!probe) throw_io_error(path, "write", errno);
    }
    // Absolute names: none can be taken for an option.
    const auto name = [](const std::filesystem::path& file) {
        std::error_code failure;
        const std::filesystem::path absolute = std::filesystem::absolute(file, failure);
        return (failure ? file : absolute).string();
    };
    const ChildResult result = run_child({"fluidsynth", "-ni", "-q", "-r", "44100", "-O", "s16",
                                          "-T", kind == ".ogg" ? "oga" : kind.substr(1), "-F",
                                          name(draft.path()), name(soundfont), name(midi_file)},
                                         "", std::chrono::hours(1));
    require<ConfigError>(result.found,
                         "--soundfont needs the program fluidsynth, which is not installed "
                         "(Debian: apt-get install fluidsynth); without --soundfont mgan's own "
                         "synthesiser plays");
    std::error_code failure;
    const bool written = std::filesystem::file_size(draft.path(), failure) > 0 && !failure;
    if (!(result.good() && written))
        fail<ConfigError>(printable(path.string()), ": fluidsynth failed: ",
                          printable(result.timed_out ? "it took longer than an hour"
                                                     : result.error.substr(0, 300)));
    draft.keep();
}

}  // namespace mgan::program
