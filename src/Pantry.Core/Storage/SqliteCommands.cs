using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>How statements are made and rows are read: values are always parameters, times are ticks of UTC.</summary>
internal static class SqliteCommands
{
    [SuppressMessage("Security", "CA2100", Justification = "Every caller gives SQL of its own; what comes from outside is a parameter.")]
    public static SqliteCommand Command(this SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
            command.Parameters.AddWithValue(name, ToStored(value));
        return command;
    }

    /// <summary>Runs a statement; how many rows it changed.</summary>
    public static int Run(this SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        if (connection is SqliteWriter writer)
            return writer.Run(sql, parameters);
        using SqliteCommand command = connection.Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>Runs a statement; its first value, null where there is none.</summary>
    public static object? Ask(this SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        if (connection is SqliteWriter writer)
            return writer.Ask(sql, parameters);
        using SqliteCommand command = connection.Command(sql, parameters);
        return command.ExecuteScalar();
    }

    /// <summary>A value as it is stored.</summary>
    public static object ToStored(object? value) => value switch
    {
        null => DBNull.Value,
        DateTimeOffset time => time.UtcTicks,
        _ => value,
    };

    public static string Text(this SqliteDataReader reader, string column) => reader.GetString(reader.GetOrdinal(column));

    public static string? TextOrNull(this SqliteDataReader reader, string column) => reader[column] as string;

    public static byte[] Bytes(this SqliteDataReader reader, string column) => (byte[])reader[column];

    public static byte[]? BytesOrNull(this SqliteDataReader reader, string column) => reader[column] as byte[];

    public static DateTimeOffset Time(this SqliteDataReader reader, string column) => new(reader.GetInt64(reader.GetOrdinal(column)), TimeSpan.Zero);

    public static DateTimeOffset? TimeOrNull(this SqliteDataReader reader, string column) =>
        reader[column] is long ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
}
