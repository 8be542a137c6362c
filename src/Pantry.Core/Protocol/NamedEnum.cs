using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>Values of an enumeration by name only: a number could be a value that does not exist.</summary>
internal sealed class NamedEnum<T>() : JsonStringEnumConverter<T>(namingPolicy: null, allowIntegerValues: false)
    where T : struct, Enum;
