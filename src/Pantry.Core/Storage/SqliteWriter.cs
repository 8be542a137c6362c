using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>
/// The connection that writes a file. It keeps the statements that it has run, prepared: to prepare one takes longer than
/// to run it. Used by one thread at a time.
/// </summary>
internal sealed class SqliteWriter(string connectionString) : SqliteConnection(connectionString)
{
    // Far more than the code has; statements are never made of what comes from outside.
    private const int MostKept = 256;

    private readonly Dictionary<string, SqliteCommand> _prepared = [];

    /// <summary>Runs a statement; how many rows it changed.</summary>
    public int Run(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => With(sql, parameters, command => command.ExecuteNonQuery());

    /// <summary>Runs a statement; its first value, null where there is none.</summary>
    public object? Ask(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) => With(sql, parameters, command => command.ExecuteScalar());

    /// <summary>Runs the work in a transaction of its own; where it fails, nothing of it remains.</summary>
    public T Transact<T>(Func<SqliteConnection, T> work)
    {
        Run("BEGIN IMMEDIATE");
        try
        {
            T result = work(this);
            Run("COMMIT");
            return result;
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (SqliteCommand command in _prepared.Values)
                command.Dispose();
            _prepared.Clear();
        }

        base.Dispose(disposing);
    }

    private void RollBack()
    {
        try
        {
            Run("ROLLBACK");
        }
        catch (SqliteException)
        {
            // After some failures of the disk SQLite has done so by itself.
        }
    }

    private T With<T>(string sql, ReadOnlySpan<(string Name, object? Value)> parameters, Func<SqliteCommand, T> run)
    {
        SqliteCommand command = Prepared(sql, parameters);
        for (int i = 0; i < parameters.Length; i++)
            command.Parameters[i].Value = SqliteCommands.ToStored(parameters[i].Value);
        try
        {
            return run(command);
        }
        finally
        {
            // What was written can be large, and may be secret.
            for (int i = 0; i < parameters.Length; i++)
                command.Parameters[i].Value = DBNull.Value;
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "Every caller gives SQL of its own; what comes from outside is a parameter.")]
    private SqliteCommand Prepared(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (_prepared.TryGetValue(sql, out SqliteCommand? command))
            return command;
        if (_prepared.Count == MostKept)
            throw new InvalidOperationException($"{MostKept} statements are prepared: one of them is made anew each time, and should have parameters.");
        command = CreateCommand();
        command.CommandText = sql;
        foreach ((string name, _) in parameters)
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        _prepared.Add(sql, command);
        return command;
    }
}
