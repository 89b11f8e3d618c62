#include "run_data.hpp"

#include "data.hpp"

#include <filesystem>
#include <set>
#include <system_error>

namespace mgan::program {

std::vector<std::size_t> RunData::songs_of(Part part) const {
    const std::vector<std::string> files = run.files_of(part);
    const std::set<std::string> wanted(files.begin(), files.end());
    std::vector<std::size_t> songs;
    for (std::size_t i = 0; i < data.size(); ++i)
        if (wanted.contains(RunFiles::tsv_field(data.names[i]))) songs.push_back(i);
    return songs;
}

RunData open_run_data(const std::string& run, const std::string& against) {
    RunFiles files(run);
    std::error_code unknown;
    if (!std::filesystem::exists(files.config(), unknown))
        fail<DataError>(printable(run),
                        ": holds no run (no config.json); give the folder of a run of mgan train");
    const SettingNotes notes = files.read_config().second;
    if (!against.empty())
        return {std::move(files), against, open_data(against, damaged_of_run(notes))};
    return {std::move(files), data_place(notes),
            open_data_of_run(notes, "say where it is: --against FOLDER")};
}

Part part_of(const std::string& word) {
    for (const Part part : {Part::train, Part::validation})
        if (word == name(part)) return part;
    return Part::test;
}

}  // namespace mgan::program
