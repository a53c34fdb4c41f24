// The simulated disk: a VFS for SQLite whose files are in memory. It fails when told to, goes dark
// at any operation, and comes back with what a power cut may have left (the model of power_vfs.hpp:
// what no sync made safe is kept, lost, torn or reordered) or, when only the process died, with
// everything.
//
// One at a time, on one thread. All handles must be closed before on() is called.
#pragma once

#include <memory>
#include <string>

#include "tests/simulation/dice.hpp"
#include "tests/support/power_vfs.hpp"

namespace syncline::simulation {

class Disk {
public:
    explicit Disk(std::uint64_t seed);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    /// The name of the VFS.
    static const char* vfs() { return "simulated"; }

    /// From now on each operation that changes a file fails with this probability.
    void trouble(testing_support::Fault fault, unsigned per_mille);
    /// From now on each read fails with this probability.
    void unreadable(unsigned per_mille);
    void heal();

    /// The power goes at the n-th operation from now that changes a file (from 1), before it or
    /// after it. 0: not.
    void cut_at(std::uint64_t n);
    void off();
    bool is_off() const;
    /// The machine starts again: files are as the cut left them.
    void on(testing_support::Unsynced unsynced);
    /// The process starts again: files are as it left them.
    void on();

    /// Operations so far that changed a file.
    std::uint64_t changes() const;

    /// While it lives nothing fails and nothing is counted: the model reads.
    class Mercy {
    public:
        explicit Mercy(Disk& disk);
        ~Mercy();
        Mercy(const Mercy&) = delete;
        Mercy& operator=(const Mercy&) = delete;

    private:
        Disk& disk_;
    };

    struct State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace syncline::simulation
