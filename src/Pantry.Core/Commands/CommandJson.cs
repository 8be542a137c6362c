using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Pantry.Commands;

/// <summary>Arguments and output of Pantry's own commands.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    MaxDepth = 12)]
[JsonSerializable(typeof(ShellArguments))]
[JsonSerializable(typeof(EchoArguments))]
[JsonSerializable(typeof(ClientFacts))]
internal sealed partial class CommandJson : JsonSerializerContext
{
    /// <summary>The arguments of an order.</summary>
    /// <exception cref="PantryException">They are not what the command takes.</exception>
    public static T Read<T>(CommandContext context, string command, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(context.Arguments.Length == 0 ? "{}"u8 : context.Arguments, type)
                ?? throw new JsonException("There are none.");
        }
        catch (JsonException exception)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The arguments of {command} could not be read: {exception.Message}", exception);
        }
    }
}
