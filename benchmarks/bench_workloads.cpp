// Times whole workloads (workload.hpp says which).
//
//     bench_workloads --json [--threads N] [--filter W3]
//
//     --json           an array of objects instead of a table
//     --threads N      threads that the shards of a batch are spread over (1)
//     --filter TEXT    only workloads whose "NAME pass" contains TEXT; several separated by commas
//     --seconds S      time for each measurement (1)
//     --steps T, --batch B, --hidden H     other sizes than those of the contract
//     --shard-songs N  songs that one task computes together (as the settings of a workload say)
//     --variant NAME   which model of the paper W8 to W11 take (c-rnn-gan)
//     --tasks          JSON: how long each task of a step takes, on one thread
//     --roofline       what a step moves beyond level 2 (traffic.hpp), and how long that and its
//                      products would take at least; on one thread
//     --check          runs each workload once and looks whether it computes what it should
//
// Medians, minima and runs; "ms_cpu" the median of the processor time, which for one thread is the
// time on a machine that does nothing else; "gflops" is the rate at the median, "fma_peak" the rate
// that registers alone reach in the same second, "peak_mib" the most memory that the program has
// held so far.

#include "fma_peak.hpp"
#include "peak_memory.hpp"
#include "workload.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

struct Options {
    bool json = false;
    bool check = false;
    bool tasks = false;
    bool roofline = false;
    double seconds = 1.0;
    std::string filter;
    bench::Shape shape;  ///< 0: that of the workload
};

struct Timing {
    double median = 0.0, least = 0.0;  ///< milliseconds
    double cpu = 0.0;                  ///< median of the processor time, milliseconds
    std::size_t runs = 0;
};

double milliseconds(const std::function<void()>& run) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

/// Of all threads of this program.
double processor_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

/// Two runs to warm up; then as many as fit, at least five.
Timing time(const std::function<void()>& run, double seconds) {
    constexpr std::size_t kLeastRuns = 5, kMostRuns = 1000;
    run();
    run();
    std::vector<double> times, cpu_times;
    double total = 0.0;
    while (times.size() < kLeastRuns || (total < seconds * 1e3 && times.size() < kMostRuns)) {
        const double cpu_begin = processor_milliseconds();
        times.push_back(milliseconds(run));
        cpu_times.push_back(processor_milliseconds() - cpu_begin);
        total += times.back();
    }
    std::sort(times.begin(), times.end());
    std::sort(cpu_times.begin(), cpu_times.end());
    return {times[times.size() / 2], times.front(), cpu_times[times.size() / 2], times.size()};
}

bool chosen(const bench::Workload& workload, const std::string& filter) {
    if (filter.empty()) return true;
    const std::string name = std::string(workload.name) + " " + workload.pass;
    std::size_t begin = 0;
    while (begin <= filter.size()) {
        const std::size_t end = std::min(filter.find(',', begin), filter.size());
        const std::size_t found = name.find(filter.substr(begin, end - begin));
        const std::size_t after = found + (end - begin);
        // W1 is not the beginning of W12.
        const bool whole = found != std::string::npos &&
                           (after >= name.size() || name[after] < '0' || name[after] > '9');
        if (end > begin && whole) return true;
        begin = end + 1;
    }
    return false;
}

bench::Shape shape_of(const bench::Workload& workload, const bench::Shape& asked) {
    bench::Shape shape = workload.shape;
    if (asked.steps > 0) shape.steps = asked.steps;
    if (asked.batch > 0) shape.batch = asked.batch;
    if (asked.hidden > 0) shape.hidden = asked.hidden;
    shape.threads = asked.threads;
    return shape;
}

std::string label_of(const bench::Workload& workload, const bench::Shape& shape) {
    return std::string(workload.name) + workload.pass + std::to_string(shape.steps);
}

std::vector<bench::Workload> all_workloads() {
    std::vector<bench::Workload> all;
    for (auto* group : {bench::lstm_workloads, bench::generator_workloads, bench::gan_workloads,
                        bench::pf_workloads, bench::stream_workloads, bench::step_workloads,
                        bench::tape_workloads}) {
        for (bench::Workload& workload : group()) all.push_back(std::move(workload));
    }
    return all;
}

/// Measures a step as what it is on many cores: work that one of them does, and regions of tasks
/// that any of them may do. What lies between two calls is written to `spans`, in their order.
class StepClock : public mgan::TaskLog {
public:
    void begin(std::ptrdiff_t tasks) override {
        spans.push_back(lap());
        sizes.push_back(tasks);
    }
    void task_done() override { spans.push_back(lap()); }

    /// Milliseconds of each span of `run`: the work before a region, its tasks, and so on; at last
    /// the work after the last region.
    void measure(const std::function<void()>& run) {
        spans.clear();
        sizes.clear();
        last_ = processor_milliseconds();
        mgan::task_log = this;
        run();
        mgan::task_log = nullptr;
        spans.push_back(lap());
    }

    std::vector<double> spans;
    std::vector<std::ptrdiff_t> sizes;  ///< tasks of each region

private:
    double lap() {
        const double now = processor_milliseconds();
        return now - std::exchange(last_, now);
    }
    double last_ = 0.0;
};

/// What a region costs beside its tasks: milliseconds of an empty one on two threads.
double milliseconds_of_a_barrier() {
    constexpr int kRegions = 2000;
    const auto regions = [] {
        for (int i = 0; i < kRegions; ++i) mgan::parallel_for(2, 2, [](std::ptrdiff_t) {});
    };
    regions();
    return milliseconds(regions) / kRegions;
}

/// The spans of a step, each the median of many runs.
void print_tasks(const bench::Workload& workload, const bench::Shape& shape,
                 const bench::Prepared& prepared, double seconds) {
    StepClock clock;
    std::vector<std::vector<double>> runs;
    prepared.run();
    const double begin = processor_milliseconds();
    do {
        clock.measure(prepared.run);
        runs.push_back(clock.spans);
    } while (runs.size() < 7 || processor_milliseconds() - begin < seconds * 1e3);
    std::printf(
        "{\"workload\": \"%s\", \"pass\": \"%s\", \"B\": %td, \"runs\": %zu, \"regions\": [",
        workload.name, workload.pass, shape.batch, runs.size());
    std::size_t at = 0;
    const auto next = [&] {
        std::vector<double> span;
        for (const std::vector<double>& one : runs) span.push_back(one.at(at));
        ++at;
        std::sort(span.begin(), span.end());
        return span[span.size() / 2];
    };
    for (std::size_t region = 0; region < clock.sizes.size(); ++region) {
        std::printf("%s[%.6g, [", region == 0 ? "" : ", ", next());
        for (std::ptrdiff_t task = 0; task < clock.sizes[region]; ++task)
            std::printf("%s%.6g", task == 0 ? "" : ", ", next());
        std::printf("]]");
    }
    std::printf("], \"rest\": %.6g, \"barrier\": %.6g}", next(), milliseconds_of_a_barrier());
}

/// How close a step comes to what its products and what it moves allow: to the longer of the two,
/// if both went on at once, and to their sum, if one waited for the other.
void print_roofline(const bench::Workload& workload, const bench::Shape& shape,
                    const bench::Prepared& prepared, double seconds) {
    constexpr double kLevel2 = 1e6;
    const double before = bench::fma_peak(1);
    const Timing timing = time(prepared.run, seconds);
    const double peak = std::max(before, bench::fma_peak(1));
    const double products = prepared.flop / peak * 1e-6;
    std::printf("%s %s, T = %td: %.4g ms; products at the FMA peak of %.4g GF/s: %.4g ms\n",
                workload.name, workload.pass, shape.steps, timing.cpu, peak, products);
    double moving = 0.0;
    for (const bench::Traffic& part : prepared.traffic) {
        if (part.set <= kLevel2) {
            std::printf("    %-44s among %6.4g MB: fits level 2\n", part.what, part.set * 1e-6);
            continue;
        }
        const double rate = part.set / bench::microseconds_to_read(part.set) * 1e-3;
        const double ms = part.bytes / rate * 1e-6;
        moving += ms;
        std::printf("    %-44s among %6.4g MB: %6.4g MB at %.3g GB/s, %.3g ms\n", part.what,
                    part.set * 1e-6, part.bytes * 1e-6, rate, ms);
    }
    std::printf("    moving %.4g ms; the longer of the two is %.0f %% of the step, both %.0f %%\n",
                moving, 100.0 * std::max(moving, products) / timing.cpu,
                100.0 * (moving + products) / timing.cpu);
}

/// One workload after the other; returns how many failed the check.
int run(const Options& options) {
    bool first = true;
    int failed = 0;
    std::string last;
    if (options.json) std::printf("[");
    for (const bench::Workload& workload : all_workloads()) {
        if (!chosen(workload, options.filter)) continue;
        const bench::Shape shape = shape_of(workload, options.shape);
        // W5 comes in two lengths: once is enough where the command line says which.
        const std::string label = label_of(workload, shape);
        if (label == last) continue;
        last = label;
        const bench::Prepared prepared = workload.prepare(shape);
        if (options.check) {
            prepared.run();
            prepared.run();
            const double witness = prepared.witness();
            const bool good = std::isfinite(witness) && witness != 0.0 && prepared.flop > 0.0;
            std::printf("%-3s %-24s witness %.6g  %.4f GFLOP  %s\n", workload.name, workload.pass,
                        witness, prepared.flop * 1e-9, good ? "good" : "BAD");
            failed += good ? 0 : 1;
            continue;
        }
        if (options.tasks) {
            std::printf("%s\n", first ? "" : ",");
            print_tasks(workload, shape, prepared, options.seconds);
            first = false;
            continue;
        }
        if (options.roofline) {
            if (!prepared.traffic.empty())
                print_roofline(workload, shape, prepared, options.seconds);
            continue;
        }
        const double peak_before = bench::fma_peak(shape.threads);
        const Timing timing = time(prepared.run, options.seconds);
        const double peak = std::max(peak_before, bench::fma_peak(shape.threads));
        const double rate = prepared.flop / timing.median * 1e-6;
        const double per_event =
            prepared.events > 0 ? timing.median * 1e3 / static_cast<double>(prepared.events) : 0.0;
        if (options.json) {
            std::printf(
                "%s\n  {\"workload\": \"%s\", \"pass\": \"%s\", \"T\": %td, \"B\": %td, "
                "\"H\": %td, \"threads\": %d, \"ms_median\": %.6g, \"ms_min\": %.6g, "
                "\"ms_cpu\": %.6g, \"runs\": %zu, \"gflops\": %.6g, \"fma_peak\": %.6g, "
                "\"peak_mib\": %.6g",
                first ? "" : ",", workload.name, workload.pass, shape.steps, shape.batch,
                shape.hidden, shape.threads, timing.median, timing.least, timing.cpu, timing.runs,
                rate, peak, bench::peak_mib());
            if (prepared.events > 0)
                std::printf(", \"us_per_event\": %.6g, \"events_per_second\": %.6g", per_event,
                            1e6 / per_event);
            if (prepared.weight_bytes > 0.0)
                std::printf(", \"us_to_read_weights\": %.6g",
                            bench::microseconds_to_read(prepared.weight_bytes));
            std::printf("}");
        } else {
            std::printf(
                "%-3s %-24s T=%-4td B=%-3td H=%-4td threads=%d  median %9.3f ms  min %9.3f ms  "
                "%7.1f GF/s  %5.1f %% of the FMA peak",
                workload.name, workload.pass, shape.steps, shape.batch, shape.hidden, shape.threads,
                timing.median, timing.least, rate, 100.0 * rate / peak);
            if (prepared.events > 0) std::printf("  %.2f us an event", per_event);
            std::printf("\n");
        }
        std::fflush(stdout);
        first = false;
    }
    if (options.json) std::printf("\n]\n");
    return failed;
}

template <typename Number>
bool parse(const char* text, Number& number) {
    const char* const end = text + std::strlen(text);
    const auto [stop, failure] = std::from_chars(text, end, number);
    return failure == std::errc() && stop == end && number > 0;
}

int usage() {
    std::cerr << "usage: bench_workloads [--json] [--threads N] [--filter TEXT] [--seconds S] "
                 "[--steps T] [--batch B] [--hidden H] [--shard-songs N] [--variant NAME] "
                 "[--tasks] [--roofline] [--check]\n";
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view option = arguments[i];
        if (option == "--json") {
            options.json = true;
        } else if (option == "--check") {
            options.check = true;
        } else if (option == "--tasks") {
            options.json = options.tasks = true;
        } else if (option == "--roofline") {
            options.roofline = true;
        } else if (i + 1 == count) {
            return usage();
        } else {
            const char* const value = arguments[++i];
            bool good = true;
            if (option == "--filter") {
                options.filter = value;
            } else if (option == "--threads") {
                good = parse(value, options.shape.threads);
            } else if (option == "--seconds") {
                good = parse(value, options.seconds);
            } else if (option == "--steps") {
                good = parse(value, options.shape.steps);
            } else if (option == "--batch") {
                good = parse(value, options.shape.batch);
            } else if (option == "--hidden") {
                good = parse(value, options.shape.hidden);
            } else if (option == "--variant") {
                good = false;
                for (const auto& [name, variant] : mgan::variant_choices().items) {
                    if (name != std::string_view(value)) continue;
                    bench::variant = variant;
                    good = true;
                }
            } else if (option == "--shard-songs") {
                good = parse(value, bench::asked_shard_songs);
            } else {
                good = false;
            }
            if (!good) return usage();
        }
    }
    try {
        return run(options) == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "bench_workloads: " << error.what() << '\n';
        return 1;
    }
}
