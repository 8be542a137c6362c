using System.Collections.Concurrent;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Commands;

/// <summary>The commands a client offers, by name.</summary>
internal sealed class CommandTable
{
    /// <summary>Names of Pantry's own commands, whose arguments are JSON, but for Script's.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } = [PingCommand.CommandName, EchoCommand.CommandName, FactsCommand.CommandName, ShellCommand.CommandName, ScriptCommand.CommandName, StepsCommand.CommandName, ProvisionOrders.CommandName,
        FileOrders.Receive, FileOrders.Offer];

    private readonly ConcurrentDictionary<string, ICommand> _commands = new(Names.Comparer);
    private readonly CommandTable? _shared;

    /// <summary>A table that has what a shared one has, and commands of its own.</summary>
    public CommandTable(CommandTable shared, IEnumerable<ICommand> own)
    {
        _shared = shared;
        foreach (ICommand command in own)
            Add(command);
        // Steps may be any of them.
        Add(new StepsCommand(this));
    }

    public CommandTable(ICommand? script = null)
    {
        Add(new PingCommand());
        Add(new EchoCommand());
        Add(new FactsCommand());
        Add(new ShellCommand());
        Add(script ?? new ScriptCommand());
        Add(new StepsCommand(this));
    }

    /// <summary>Names, in order.</summary>
    public IReadOnlyList<string> CommandNames =>
        [.. _commands.Values.Select(command => command.Name).Union(_shared?.CommandNames ?? [], Names.Comparer).Order(Names.Comparer)];

    public void Add(ICommand command) => _commands[command.Name] = command;

    public ICommand? Find(string name) => _commands.GetValueOrDefault(name) ?? _shared?.Find(name);
}
