using System.Management.Automation;
using System.Security;
using System.Text;

namespace Pantry.PowerShell.Scripts;

/// <summary>On the client: puts an order's secrets back where its operator had them, as secure strings and credentials.</summary>
internal static class SealedPlaces
{
    /// <exception cref="PantryException">A secret is missing, or its place is.</exception>
    public static ScriptOrder Restore(ScriptOrder order, IReadOnlyDictionary<string, byte[]> secrets)
    {
        if (order.Secrets.Count == 0)
            return order;
        object?[] arguments = [.. order.Arguments];
        var variables = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);
        foreach (SecretPlace place in order.Secrets)
        {
            object value = Value(place, secrets);
            switch (place)
            {
                case { In: SecretPlace.Arguments, Key: int index } when index >= 0 && index < arguments.Length:
                    arguments[index] = value;
                    break;
                case { In: SecretPlace.Parameters, Key: string key } when order.Parameters is { } parameters:
                    parameters[key] = value;
                    break;
                case { In: SecretPlace.Using, Key: string key }:
                    order.Using[key] = value;
                    break;
                case { In: SecretPlace.Variables, Key: string name }:
                    variables[name] = value;
                    break;
                default:
                    throw Unreadable();
            }
        }

        return order with { Arguments = arguments, Variables = variables };
    }

    private static object Value(SecretPlace place, IReadOnlyDictionary<string, byte[]> secrets)
    {
        if (!secrets.TryGetValue(place.Value, out byte[]? value))
            throw Unreadable();
        var secure = new SecureString();
        foreach (char character in Encoding.UTF8.GetString(value))
            secure.AppendChar(character);
        secure.MakeReadOnly();
        if (place.User is null)
            return secure;
        return secrets.TryGetValue(place.User, out byte[]? user) ? new PSCredential(Encoding.UTF8.GetString(user), secure) : throw Unreadable();
    }

    private static PantryException Unreadable() => new(PantryErrorCode.InvalidArgument, "The order's secrets do not fit its script. Send it with the same version of Pantry that the client has.");
}
